"""A second, plain implementation of the decoder families in NumPy (float64), written from their published definitions; one sequence, no cache,
no batching, loops where they are clearer. It shares no code and no library with the product. See make-decoders.py."""
import math

import numpy as np


def fnv(text):
    h = 0x811C9DC5
    for b in text.encode():
        h = ((h ^ b) * 16777619) & 0xFFFFFFFF
    return h


def weight(name, shape, scale, offset=0.0):
    """Numbers in [offset - scale, offset + scale) that depend on name and place only; the C# tests make the same ones."""
    n = int(np.prod(shape))
    x = (fnv(name) + np.arange(n, dtype=np.uint64) * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x85EBCA6B)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(13)
    x = (x * np.uint64(0xC2B2AE35)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return ((x.astype(np.float64) / 4294967296.0 - 0.5) * 2.0 * scale + offset).astype(np.float32).astype(np.float64).reshape(shape)


def shapes(c):
    """Every tensor of a checkpoint with its shape, as the families publish them."""
    d, f, v = c["hidden_size"], c["intermediate_size"], c["vocab_size"]
    h, kv = c["num_attention_heads"], c["num_key_value_heads"]
    hd = c.get("head_dim") or d // h
    family = c["model_type"]
    out = {"model.embed_tokens.weight": (v, d)}
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        for name, rows, cols in (("q", h * hd, d), ("k", kv * hd, d), ("v", kv * hd, d), ("o", d, h * hd)):
            out[p + f"self_attn.{name}_proj.weight"] = (rows, cols)
            if (family == "qwen2" and name != "o") or (family in ("llama", "qwen3") and c.get("attention_bias")):
                out[p + f"self_attn.{name}_proj.bias"] = (rows,)
        if family == "qwen3":
            out[p + "self_attn.q_norm.weight"] = (hd,)
            out[p + "self_attn.k_norm.weight"] = (hd,)
        out[p + "mlp.gate_proj.weight"] = (f, d)
        out[p + "mlp.up_proj.weight"] = (f, d)
        out[p + "mlp.down_proj.weight"] = (d, f)
        norms = ["input_layernorm", "post_attention_layernorm"]
        if family == "gemma2":
            norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
        for n in norms:
            out[p + n + ".weight"] = (d,)
    out["model.norm.weight"] = (d,)
    if not c.get("tie_word_embeddings", family == "gemma2"):
        out["lm_head.weight"] = (v, d)
    return out


def make(c):
    w = {}
    for name, shape in shapes(c).items():
        if "norm" in name:
            w[name] = weight(name, shape, 0.3, 0.0 if c["model_type"] == "gemma2" else 1.0)
        elif name.endswith("bias"):
            w[name] = weight(name, shape, 0.3)
        elif "embed" in name:
            w[name] = weight(name, shape, 0.8)
        else:
            w[name] = weight(name, shape, 1.7 / math.sqrt(shape[1]))
    return w


def rms(x, g, c):
    y = x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + c["rms_norm_eps"])
    return y * (1.0 + g) if c["model_type"] == "gemma2" else y * g


def frequencies(c, hd):
    inv = 1.0 / c.get("rope_theta", 10000.0) ** (np.arange(0, hd, 2) / hd)
    s = c.get("rope_scaling")
    if s is None:
        return inv
    kind = s.get("rope_type") or s.get("type")
    if kind == "linear":
        return inv / s["factor"]
    assert kind == "llama3"
    out = []
    for f in inv:
        wavelength = 2 * math.pi / f
        low = s["original_max_position_embeddings"] / s["low_freq_factor"]
        high = s["original_max_position_embeddings"] / s["high_freq_factor"]
        if wavelength > low:
            out.append(f / s["factor"])
        elif wavelength < high:
            out.append(f)
        else:
            smooth = (s["original_max_position_embeddings"] / wavelength - s["low_freq_factor"]) / (s["high_freq_factor"] - s["low_freq_factor"])
            out.append((1 - smooth) * f / s["factor"] + smooth * f)
    return np.array(out)


def rope(x, inv):
    """x: (T, heads, hd)."""
    t = np.arange(x.shape[0])[:, None] * inv[None, :]
    cos, sin = np.cos(t)[:, None, :], np.sin(t)[:, None, :]
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def window(c, layer):
    family = c["model_type"]
    if family == "gemma2":
        return c["sliding_window"] if layer % 2 == 0 else None
    if family == "qwen2" and c.get("use_sliding_window"):
        return c["sliding_window"] if layer >= c["max_window_layers"] else None
    return None


def forward(c, w, ids, lora=None):
    """Logits (T, V). lora: {module name: (A, B, scale)} adds scale * B A to that module's weight."""
    d, h, kv = c["hidden_size"], c["num_attention_heads"], c["num_key_value_heads"]
    hd = c.get("head_dim") or d // h
    gemma = c["model_type"] == "gemma2"
    inv = frequencies(c, hd)
    scale = c["query_pre_attn_scalar"] ** -0.5 if gemma else hd ** -0.5

    def linear(x, name):
        y = x @ w[name + ".weight"].T
        if lora is not None and name in lora:
            a, b, s = lora[name]
            y = y + s * (x @ a.T) @ b.T
        return y + w[name + ".bias"] if name + ".bias" in w else y

    t = len(ids)
    x = w["model.embed_tokens.weight"][ids]
    if gemma:
        x = x * math.sqrt(d)
    for i in range(c["num_hidden_layers"]):
        p = f"model.layers.{i}."
        n = rms(x, w[p + "input_layernorm.weight"], c)
        q = linear(n, p + "self_attn.q_proj").reshape(t, h, hd)
        k = linear(n, p + "self_attn.k_proj").reshape(t, kv, hd)
        v = linear(n, p + "self_attn.v_proj").reshape(t, kv, hd)
        if c["model_type"] == "qwen3":
            q = rms(q, w[p + "self_attn.q_norm.weight"], c)
            k = rms(k, w[p + "self_attn.k_norm.weight"], c)
        q, k = rope(q, inv), rope(k, inv)
        out = np.zeros((t, h, hd))
        reach = window(c, i)
        for head in range(h):
            key = k[:, head // (h // kv)]
            score = q[:, head] @ key.T * scale
            if gemma and c.get("attn_logit_softcapping"):
                cap = c["attn_logit_softcapping"]
                score = np.tanh(score / cap) * cap
            for row in range(t):
                for column in range(t):
                    if column > row or (reach is not None and column <= row - reach):
                        score[row, column] = -np.inf
            out[:, head] = softmax(score) @ v[:, head // (h // kv)]
        a = linear(out.reshape(t, h * hd), p + "self_attn.o_proj")
        if gemma:
            a = rms(a, w[p + "post_attention_layernorm.weight"], c)
        x = x + a
        n = rms(x, w[p + ("pre_feedforward_layernorm.weight" if gemma else "post_attention_layernorm.weight")], c)
        g = linear(n, p + "mlp.gate_proj")
        if gemma:
            g = 0.5 * g * (1 + np.tanh(math.sqrt(2 / math.pi) * (g + 0.044715 * g**3)))
        else:
            g = g / (1 + np.exp(-g))
        m = linear(g * linear(n, p + "mlp.up_proj"), p + "mlp.down_proj")
        if gemma:
            m = rms(m, w[p + "post_feedforward_layernorm.weight"], c)
        x = x + m
    x = rms(x, w["model.norm.weight"], c)
    logits = x @ w.get("lm_head.weight", w["model.embed_tokens.weight"]).T
    if gemma and c.get("final_logit_softcapping"):
        cap = c["final_logit_softcapping"]
        logits = np.tanh(logits / cap) * cap
    return logits
