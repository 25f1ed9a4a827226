"""What transformers' generate samples in a second from the checkpoint that `bench cuda` made: called by it, with its folder, rows, prompt and new tokens.

Prints one line of JSON. Exits with 3 and one sentence where PyTorch with CUDA or transformers is missing.
"""
import json
import sys
import time


def main(folder: str, rows: int, prompt: int, new: int, card: int) -> int:
    try:
        import torch
        import transformers
    except ImportError as missing:
        print(f"there is no peer to compare with: {missing}", file=sys.stderr)
        return 3
    if not torch.cuda.is_available():
        print("there is no peer to compare with: this Python's PyTorch sees no CUDA card", file=sys.stderr)
        return 3

    transformers.logging.set_verbosity_error()
    device = torch.device("cuda", card)
    began = time.perf_counter()
    dtype = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, **{dtype: torch.bfloat16}).to(device).eval()
    loaded = time.perf_counter() - began
    # Prompts as ours: any tokens will do, all rows of one length.
    tokens = torch.arange(rows * prompt, device=device).reshape(rows, prompt) % 4000 + 3
    settings = dict(do_sample=True, temperature=1.0, top_k=0, top_p=1.0, min_new_tokens=new, max_new_tokens=new, pad_token_id=0, use_cache=True)

    def run() -> float:
        torch.cuda.synchronize(device)
        start = time.perf_counter()
        with torch.inference_mode():
            out = model.generate(tokens, attention_mask=torch.ones_like(tokens), **settings)
        torch.cuda.synchronize(device)
        assert out.shape == (rows, prompt + new), out.shape
        return time.perf_counter() - start

    run()
    seconds = min(run() for _ in range(2))
    print(json.dumps({
        "tokensPerSecond": rows * new / seconds,
        "loadSeconds": loaded,
        "peakBytes": torch.cuda.max_memory_allocated(device),
        "versions": f"torch {torch.__version__}, transformers {transformers.__version__}",
    }))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *(int(a) for a in sys.argv[2:6])))
