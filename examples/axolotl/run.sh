# Llama-2-7b with 14,336 new pieces, recipe eeve: ko-vocab handoff --to axolotl
python blocks.py stages.json --stage 1 --out blocks
axolotl train axolotl-1-new-input.yaml --launcher torchrun -- --nproc_per_node 8
python blocks.py stages.json --stage 2 --out blocks
axolotl train axolotl-2-new-output.yaml --launcher torchrun -- --nproc_per_node 8
python blocks.py stages.json --stage 3 --out blocks
axolotl train axolotl-3-new-input-output.yaml --launcher torchrun -- --nproc_per_node 8
python blocks.py stages.json --stage 4 --out blocks
axolotl train axolotl-4-all-output.yaml --launcher torchrun -- --nproc_per_node 8
python blocks.py stages.json --stage 5 --out blocks
axolotl train axolotl-5-new-input-all-output.yaml --launcher torchrun -- --nproc_per_node 8
python blocks.py stages.json --stage 6 --out blocks
axolotl train axolotl-6-all.yaml --launcher torchrun -- --nproc_per_node 8
python blocks.py stages.json --stage 7 --out blocks
axolotl train axolotl-7-layers.yaml --launcher torchrun -- --nproc_per_node 8
