#!/usr/bin/env python3
"""Writes lora.json.gz: loss and gradients of a DPO step with LoRA adapters on a tiny random checkpoint, by decoder.py (NumPy, float64). The reference policy
is the checkpoint without adapters. Gradients are central differences of that plain implementation: no code for them is shared with anything."""
import gzip
import json
import math
import os

import numpy as np

from decoder import forward, make, shapes, weight

CONFIG = dict(model_type="qwen3", hidden_size=16, intermediate_size=20, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=6, vocab_size=31,
              rms_norm_eps=1e-6, max_position_embeddings=64, rope_theta=1e6, tie_word_embeddings=True, hidden_act="silu")
RANK, ALPHA, BETA, STEP = 2, 5.0, 0.3, 1e-5
TARGETS = ["q_proj", "v_proj", "down_proj"]
PAIRS = [dict(history=[1, 5, 9, 30], chosen=[3, 7, 2], rejected=[4, 4]), dict(history=[2, 8], chosen=[11], rejected=[12, 13, 14, 2]), dict(history=[6, 6, 6, 1, 0], chosen=[20, 21], rejected=[20, 22])]

w = make(CONFIG)
adapters = {}
for name, shape in shapes(CONFIG).items():
    module = name.removesuffix(".weight")
    if module.rsplit(".", 1)[-1] in TARGETS:
        adapters[module] = [weight(module + ".lora_A", (RANK, shape[1]), 0.4), weight(module + ".lora_B", (shape[0], RANK), 0.4)]


def log_prob(pair, side, lora):
    ids = pair["history"] + pair[side]
    logits = forward(CONFIG, w, np.array(ids), lora)
    top = logits.max(axis=-1, keepdims=True)
    log_probs = logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))
    start = len(pair["history"])
    return sum(log_probs[start + t - 1, token] for t, token in enumerate(pair[side]))


reference = [[log_prob(p, "chosen", None), log_prob(p, "rejected", None)] for p in PAIRS]


def loss():
    lora = {name: (a, b, ALPHA / RANK) for name, (a, b) in adapters.items()}
    total = 0.0
    for p, (chosen, rejected) in zip(PAIRS, reference):
        margin = BETA * ((log_prob(p, "chosen", lora) - chosen) - (log_prob(p, "rejected", lora) - rejected))
        total += math.log1p(math.exp(-margin))
    return total / len(PAIRS)


gradients = {}
for name, both in adapters.items():
    for letter, matrix in zip("AB", both):
        gradient = np.zeros_like(matrix)
        for place in np.ndindex(matrix.shape):
            before = matrix[place]
            matrix[place] = before + STEP
            up = loss()
            matrix[place] = before - STEP
            gradient[place] = (up - loss()) / (2 * STEP)
            matrix[place] = before
        gradients[f"base_model.model.{name}.lora_{letter}.weight"] = [round(float(x), 9) for x in gradient.ravel()]

print("loss", loss(), "gradient norm", math.sqrt(sum(x * x for g in gradients.values() for x in g)), "numbers", sum(len(g) for g in gradients.values()))
golden = dict(reference="decoder.py, NumPy " + np.__version__ + ", float64, central differences", config=CONFIG, rank=RANK, alpha=ALPHA, beta=BETA, targets=TARGETS, pairs=PAIRS,
              log_probs=reference, loss=loss(), gradients=gradients)
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lora.json.gz")
with open(path, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
    file.write(json.dumps(golden, separators=(",", ":")).encode())
