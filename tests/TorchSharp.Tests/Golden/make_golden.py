"""Numbers that TorchSharp.Tests compares with, computed by PyTorch itself.

Run on Debian 12 with python3-torch (1.13.1): python3 make_golden.py > golden.json
Inputs are simple formulas of the index, so that the C# side can make the same ones without files.
"""
import json
import math

import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def values(*shape, scale=1.0, phase=0.0):
    n = math.prod(shape)
    return torch.tensor([math.sin(0.7 * i + phase) * scale for i in range(n)], dtype=torch.float32).view(*shape)


def flat(t):
    return [float(v) for v in t.detach().reshape(-1)]


out = {}
a, b = values(3, 4), values(4, 5, phase=1)
out["matmul"] = flat(a @ b)
out["softmax"] = flat(a.softmax(-1))
out["log_softmax"] = flat(a.log_softmax(-1))
out["gelu"] = flat(F.gelu(a))
out["rsqrt"] = flat((a.square() + 0.5).rsqrt())
out["layer_norm"] = flat(F.layer_norm(a, [4], values(4, phase=2), values(4, phase=3)))
out["cross_entropy"] = flat(F.cross_entropy(a, torch.tensor([1, 0, 3])))
out["logsigmoid"] = flat(F.logsigmoid(a * 5))
out["gather"] = flat(a.gather(1, torch.tensor([[1, 0], [2, 2], [3, 1]])))
out["scatter"] = flat(torch.zeros(3, 4).scatter_(1, torch.tensor([[1, 0], [2, 3], [3, 1]]), values(3, 2, phase=4)))
out["index_select"] = flat(a.index_select(0, torch.tensor([2, 0, 2])))
out["index_add"] = flat(torch.zeros(2, 4).index_add(0, torch.tensor([1, 0, 1]), a, alpha=2))
out["index_copy"] = flat(torch.zeros(4, 4).index_copy_(0, torch.tensor([3, 0, 1]), a))
out["masked_fill"] = flat(a.masked_fill(a > 0, -1))
out["triu"] = flat(values(4, 4).triu(1))
out["sum_dim"] = flat(a.sum(1))
out["mean_dim"] = flat(a.mean([0], keepdim=True))
out["argmax"] = flat(a.argmax(1))
out["cat_narrow"] = flat(torch.cat([a, a.narrow(0, 1, 2) * 3], 0))
out["permute"] = flat(values(2, 3, 4).permute(2, 0, 1))
out["chunk"] = flat(values(6, 2).chunk(3)[1])
out["topk"] = flat(a.topk(2)[0])

# A small attention block with tied embeddings: forward, gradients, three AdamW steps written with plain operations.
V, D, T = 11, 8, 6
names = ["embedding", "qkv", "out", "gain"]
p = {
    "embedding": values(V, D, scale=0.5),
    "qkv": values(D, 3 * D, scale=0.3, phase=5),
    "out": values(D, D, scale=0.3, phase=6),
    "gain": torch.ones(D),
}
for t in p.values():
    t.requires_grad_(True)
ids = torch.tensor([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 0, 1]])
mask = torch.full((T, T), float("-inf")).triu(1)


def forward():
    x = F.embedding(ids, p["embedding"])
    n = x * (x.square().mean([-1], keepdim=True) + 1e-5).rsqrt() * p["gain"]
    q, k, v = n.matmul(p["qkv"]).split(D, -1)
    att = (q.matmul(k.transpose(-2, -1)) / math.sqrt(D) + mask).softmax(-1).matmul(v)
    x = x + F.gelu(att.matmul(p["out"]))
    return x.matmul(p["embedding"].t())


def loss_of(logits):
    lp = logits[:, :-1].log_softmax(-1).reshape(-1, V)
    return -lp.gather(1, ids[:, 1:].reshape(-1, 1)).mean()


logits = forward()
out["block_logits"] = flat(logits)
loss = loss_of(logits)
loss.backward()
out["block_loss"] = flat(loss)
for name in names:
    out["grad_" + name] = flat(p[name].grad)

opt = torch.optim.AdamW(p.values(), lr=0.01, betas=(0.9, 0.98), eps=1e-8, weight_decay=0.01)
out["adamw_losses"] = []
for _ in range(3):
    opt.zero_grad()
    loss = loss_of(forward())
    loss.backward()
    opt.step()
    out["adamw_losses"].append(float(loss))
for name in names:
    out["adamw_" + name] = flat(p[name])

print(json.dumps(out))
