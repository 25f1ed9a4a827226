#!/usr/bin/env python3
"""Writes decoders.json.gz: logits and greedy continuations of tiny random checkpoints of each family, by decoder.py (NumPy, float64).
`transformers` could not be run where this was made, so the reference is that second implementation and not the families' own."""
import gzip
import json
import os

import numpy as np

from decoder import forward, make

BASE = dict(hidden_size=32, intermediate_size=56, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=97, rms_norm_eps=1e-5, max_position_embeddings=128)
FAMILIES = {
    "llama2": dict(BASE, model_type="llama", num_key_value_heads=4, tie_word_embeddings=False, hidden_act="silu"),
    "llama3": dict(BASE, model_type="llama", rope_theta=500.0, tie_word_embeddings=False, hidden_act="silu",
                   rope_scaling=dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)),
    "llama-linear": dict(BASE, model_type="llama", tie_word_embeddings=False, hidden_act="silu", attention_bias=True, rope_scaling=dict(type="linear", factor=2.0)),
    "smollm2": dict(BASE, model_type="llama", hidden_size=24, num_attention_heads=3, num_key_value_heads=1, num_hidden_layers=3, tie_word_embeddings=True, rope_theta=100000.0, hidden_act="silu"),
    "qwen2": dict(BASE, model_type="qwen2", tie_word_embeddings=True, rope_theta=1000000.0, rms_norm_eps=1e-6, hidden_act="silu", use_sliding_window=False, sliding_window=4, max_window_layers=1),
    "qwen2.5-window": dict(BASE, model_type="qwen2", tie_word_embeddings=False, rope_theta=1000000.0, rms_norm_eps=1e-6, hidden_act="silu", use_sliding_window=True, sliding_window=6, max_window_layers=1),
    "qwen3": dict(BASE, model_type="qwen3", head_dim=12, tie_word_embeddings=True, rope_theta=1000000.0, rms_norm_eps=1e-6, attention_bias=False, hidden_act="silu"),
    "gemma2": dict(BASE, model_type="gemma2", head_dim=16, query_pre_attn_scalar=20, attn_logit_softcapping=5.0, final_logit_softcapping=6.0, sliding_window=7, rms_norm_eps=1e-6, hidden_activation="gelu_pytorch_tanh", hidden_act="gelu_pytorch_tanh", num_hidden_layers=3),
}
PROMPT, TOKENS = 24, 64


def tokens(seed, n, v):
    return [(seed * 7919 + i * i * 31 + i * 17) % v for i in range(n)]


golden = []
for number, (name, config) in enumerate(FAMILIES.items()):
    weights = make(config)
    prompt = tokens(number + 1, PROMPT, config["vocab_size"])
    logits = forward(config, weights, np.array(prompt))
    ids, margin = list(prompt[:8]), 1e9
    while len(ids) < 8 + TOKENS:
        last = forward(config, weights, np.array(ids))[-1]
        two = np.sort(last)[-2:]
        margin = min(margin, two[1] - two[0])
        ids.append(int(np.argmax(last)))
    print(name, "std of logits", logits.std().round(3), "smallest greedy margin", margin.round(5), "distinct", len(set(ids)))
    assert margin > 2e-4, "a tie would be decided by rounding: change the configuration"
    golden.append(dict(name=name, config=config, prompt=prompt, logits=[[round(float(x), 7) for x in row] for row in logits], greedy=ids[8:]))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "decoders.json.gz")
with open(path, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as file:
    file.write(json.dumps(dict(reference="decoder.py, NumPy " + np.__version__ + ", float64", families=golden), separators=(",", ":")).encode())
