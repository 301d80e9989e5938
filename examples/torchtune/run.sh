# Llama-2-7b with 14,336 new pieces, recipe two-stage: ko-vocab handoff --to torchtune
torchrun --nproc_per_node 8 train.py stages.json --micro 4 --from-stage 1 --to-stage 1 --out out
tune run --nproc_per_node 8 full_finetune_distributed --config torchtune-2-all.yaml
