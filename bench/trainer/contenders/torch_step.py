"""The step in PyTorch, on stdin and stdout: a JSON object a line, as bench/trainer/worker.mjs has it.

    python torch_step.py cpu|cuda THREADS
"""
import json
import math
import sys
import time

import torch
import torch.nn.functional as F

DEVICE = sys.argv[1]
if DEVICE == 'cuda':
    # What the others compute with; TF32 would have 10 bits of mantissa.
    torch.backends.cuda.matmul.allow_tf32 = False
else:
    torch.set_num_threads(int(sys.argv[2]))
M32 = 0xFFFFFFFF


def uniform(stream, count):
    """float64 [count], the same numbers as `uniform` of workload.mjs"""
    h = (torch.arange(count, dtype=torch.int64) + stream * 0x9E3779B1) & M32
    h = h ^ (h >> 16)
    h = (h * 0x21F0AAAD) & M32
    h = h ^ (h >> 15)
    h = (h * 0xD35A2D97) & M32
    h = h ^ (h >> 15)
    return (h >> 8).double() * 2**-24


class Step:
    def __init__(self, workload, adamw, shapes):
        self.config = workload['config']
        self.batch, self.length = workload['batch'], workload['length']
        self.weights = []
        for stream, shape in enumerate(shapes):
            values = torch.ones(shape)
            if len(shape) > 1:
                width = 2 * math.sqrt(3) * 0.02
                values = ((uniform(stream, math.prod(shape)) - 0.5) * width).float().reshape(shape)
            self.weights.append(values.to(DEVICE).requires_grad_())
        groups = [
            {'params': [w for w in self.weights if w.ndim > 1], 'weight_decay': adamw['weightDecay']},
            {'params': [w for w in self.weights if w.ndim == 1], 'weight_decay': 0.0},
        ]
        betas = (adamw['beta1'], adamw['beta2'])
        # Fused is its fastest on both devices.
        self.adamw = torch.optim.AdamW(groups, lr=adamw['learningRate'], betas=betas, eps=adamw['epsilon'], fused=True)
        self.max_norm = adamw['maxNorm']
        half = self.config['headDim'] // 2
        frequencies = 1.0 / (self.config['ropeTheta'] ** (torch.arange(half).float() * 2 / self.config['headDim']))
        angles = torch.outer(torch.arange(self.length).float(), frequencies)
        self.cos, self.sin = angles.cos().to(DEVICE), angles.sin().to(DEVICE)

    def loss(self, ids, labels):
        config, batch, length = self.config, self.batch, self.length
        weights = iter(self.weights)
        norm = lambda x: F.rms_norm(x, (x.shape[-1],), next(weights), config['normEpsilon'])
        project = lambda x: F.linear(x, next(weights))
        heads = lambda x: x.view(batch, length, -1, config['headDim']).transpose(1, 2)

        def rope(x):
            u, w = x.chunk(2, -1)
            return torch.cat([u * self.cos - w * self.sin, w * self.cos + u * self.sin], -1)

        x = F.embedding(ids, next(weights))
        for _ in range(config['layers']):
            y = norm(x)
            q, k, v = rope(heads(project(y))), rope(heads(project(y))), heads(project(y))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
            x = x + project(y.transpose(1, 2).reshape(batch, length, -1))
            y = norm(x)
            y = F.silu(project(y)) * project(y)
            x = x + project(y)
        x = norm(x)
        return F.cross_entropy(project(x).flatten(0, 1), labels)

    def run(self, ids, labels):
        ids = torch.tensor(ids, device=DEVICE).view(self.batch, self.length)
        loss = self.loss(ids, torch.tensor(labels, device=DEVICE))
        self.adamw.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.weights, self.max_norm)
        self.adamw.step()
        return loss, norm


step = None
for line in sys.stdin:
    asked = json.loads(line)
    if asked['do'] == 'open':
        step = Step(asked['workload'], asked['adamw'], asked['shapes'])
        name = torch.cuda.get_device_name() if DEVICE == 'cuda' else f'CPU, {torch.get_num_threads()} threads'
        said = {'device': name, 'version': torch.__version__}
    else:
        start = time.perf_counter()
        said = {'seconds': [], 'losses': [], 'norms': []}
        for batch in asked['batches']:
            loss, norm = step.run(batch['ids'], batch['labels'])
            if asked['read']:
                said['losses'].append(loss.item())
                said['norms'].append(norm.item())
        said['last'] = loss.item()
        if DEVICE == 'cuda':
            torch.cuda.synchronize()
        said['seconds'] = time.perf_counter() - start
    print(json.dumps(said), flush=True)
