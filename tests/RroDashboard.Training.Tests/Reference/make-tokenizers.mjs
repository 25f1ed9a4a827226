// Trains a small tokenizer in the shape of each family and writes what the reference implementation, @huggingface/tokenizers, makes of
// many strings: `npm ci && npm run tokenizers`. The result is deterministic; the files are committed, so the tests need no node.
// Each file: {tokenizer, cases: [[hash of ids, ids...?]], skipped}; strings.json.gz has the strings.
import { gzipSync } from "node:zlib";
import { writeFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";

const STRINGS = 2600, WITH_IDS = 150, MERGES = 700, DECODES = 200;

// mulberry32
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
const random = generator(20250527);
const below = n => Math.floor(random() * n);
const pick = list => list[below(list.length)];

const WORDS = (
  "the a agent walks each task step by step and samples one action at a time until its process reward rises over the previous step then it keeps " +
  "going search click buy now back to results red blue large small machine wash under dollars thought action observation select from where count order by limit join on " +
  "Schüler größer Straße naïve café déjà vu mañana corazón señor português ação tekst świat żółw český řeka İstanbul ığdır " +
  "привет мир задача награда шаг Ελλάδα κόσμος שלום עולם مرحبا بالعالم नमस्ते दुनिया 你好 世界 任务 奖励 上升 こんにちは 世界 カタカナ 안녕하세요 세계 สวัสดี").split(" ");
const CODE = ["for (var i = 0; i < n; i++) { sum += x[i]; }", "SELECT name, COUNT(*) FROM t WHERE a >= 10 GROUP BY 1;", "def f(x):\n    return x ** 2\n", "if err != nil {\n\treturn err\n}", "<div class=\"a\">&amp;</div>", "https://example.org/a?b=c&d=%20#e", "{\"k\": [1, 2.5e-3, null]}", "a->b::c<T>()", "#!/bin/sh\r\necho \"$HOME\"", "C:\\temp\\x.txt"];
const EMOJI = ["😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "❤️", "☃", "🧪", "1️⃣", "🫠"];
const RANGES = [[0x20, 0x7e], [0xa1, 0x17f], [0x370, 0x373], [0x386, 0x3ff], [0x410, 0x44f], [0x5d0, 0x5ea], [0x627, 0x64a], [0x905, 0x939], [0x4e00, 0x9fa5], [0x3041, 0x3096], [0xac00, 0xd7a3], [0x1d400, 0x1d454], [0x20000, 0x2a6d6], [0x10400, 0x1044f], [0x1f600, 0x1f64f], [0x2200, 0x22ff], [0x1e900, 0x1e943]];
const DIGITS = ["0", "7", "42", "2025", "123456", "3.14159", "1,000,000", "٣٤", "१२३", "Ⅷ", "½", "②", "𝟘𝟙", "x²"];
const SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n", "\u00a0", "\u2003", "\u3000", "\u0085", "\u2028", "\u200b", "                "];
const MARKS = ["e\u0301", "a\u0323\u0302", "a\u0302\u0323", "\u1100\u1161\u11a8", "\uac00\u11a8", "\u0344", "\u212b", "\u2126", "q\u0307\u0323", "\u0915\u093c", "\u0958", "\u0301", "n\u0303o"];
const QUOTES = ["I'll", "I'LL", "you're", "DON'T", "'s", "''S", "it’s", "we've 'm'd", "rock'n'roll", "’tis"];
const ADDED = ["<s>", "</s>", "<unk>", "<|begin_of_text|>", "<|eot_id|>", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<think>", "</think>", "<tool_call>", "<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>", "<|im_start", "<0x0A>", "[multimodal]"];
const CONTROL = ["\u0000", "\u0001\u0002", "\u0007", "\u001b[31m", "\u007f", "\u0080\u009f", "\u202e", "\u200f", "\u00ad", "\ue000", "\uffff", "\ufffd", "▁", "▁▁x", "Ġ", "Ċ"];

function piece() {
  switch (below(12)) {
    case 0: return pick(CODE);
    case 1: return pick(EMOJI);
    case 2: return String.fromCodePoint(...Array.from({ length: 1 + below(6) }, () => { const [a, b] = pick(RANGES); return a + below(b - a + 1); }));
    case 3: return pick(DIGITS);
    case 4: return pick(SPACES);
    case 5: return pick(MARKS);
    case 6: return pick(QUOTES);
    case 7: return pick(ADDED);
    case 8: return pick(CONTROL);
    default: return Array.from({ length: 1 + below(5) }, () => pick(WORDS)).join(" ");
  }
}
const strings = ["", " ", "  a", "a ", "\n", "hello", " hello world", ...ADDED, ...QUOTES, ...DIGITS, ...MARKS, ...CONTROL, ...CODE];
while (strings.length < STRINGS) {
  strings.push(Array.from({ length: 1 + below(8) }, () => piece() + (random() < 0.5 ? " " : "")).join(""));
}

// What is merged: text of the same kinds, so that merges of every script are learned.
const corpus = [];
for (let i = 0; i < 1500; i++) {
  corpus.push(Array.from({ length: 4 + below(10) }, () => (random() < 0.15 ? pick(CODE) : random() < 0.1 ? pick(EMOJI) + pick(MARKS) : pick(WORDS))).join(random() < 0.9 ? " " : pick(SPACES)));
}

function train(words, vocab, count) {
  const table = new Map();
  for (const word of words) table.set(word, (table.get(word) ?? 0) + 1);
  const lists = [...table].map(([word, n]) => [Array.from(word).filter(c => vocab.has(c)), n]);
  const merges = [];
  while (merges.length < count) {
    const pairs = new Map();
    for (const [list, n] of lists) for (let i = 0; i + 1 < list.length; i++) {
      const key = list[i] + "\u0000" + list[i + 1];
      pairs.set(key, (pairs.get(key) ?? 0) + n);
    }
    let best = null;
    for (const [key, n] of pairs) if (best === null || n > best[1] || (n === best[1] && key < best[0])) best = [key, n];
    if (best === null || best[1] < 2) break;
    const [a, b] = best[0].split("\u0000");
    merges.push([a, b]);
    if (!vocab.has(a + b)) vocab.set(a + b, vocab.size);
    for (const entry of lists) {
      const list = entry[0], out = [];
      for (let i = 0; i < list.length; i++) {
        if (i + 1 < list.length && list[i] === a && list[i + 1] === b) { out.push(a + b); i++; } else out.push(list[i]);
      }
      entry[0] = out;
    }
  }
  return merges;
}

const added = (contents, first, special = true, normalized = false) => contents.map((content, i) => ({ id: first + i, content, single_word: false, lstrip: false, rstrip: false, normalized, special }));
const bos = (content, id) => ({ type: "TemplateProcessing", single: [{ SpecialToken: { id: content, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }], pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }], special_tokens: { [content]: { id: content, ids: [id], tokens: [content] } } });
const byteLevel = useRegex => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: useRegex });
const split = regex => ({ type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false });

function bytes() {
  const out = [];
  let next = 256;
  for (let b = 0; b < 256; b++) out.push((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174) ? String.fromCharCode(b) : String.fromCharCode(next++));
  return out;
}

function byteLevelFamily(pre, normalizer, specials, plain, model, post) {
  const vocab = new Map(bytes().map((c, i) => [c, i]));
  const shape = { version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer, pre_tokenizer: pre, post_processor: null, decoder: byteLevel(true), model: { type: "BPE", vocab: {}, merges: [] } };
  const cutter = new Tokenizer(shape, {});
  const words = corpus.flatMap(text => cutter.pre_tokenizer(cutter.normalizer ? cutter.normalizer(text) : text, {}));
  const merges = train(words, vocab, MERGES);
  return {
    ...shape,
    added_tokens: [...added(specials, vocab.size), ...added(plain, vocab.size + specials.length, false)],
    post_processor: post(vocab.size),
    model: { type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: model.old ? null : "", end_of_word_suffix: model.old ? null : "", fuse_unk: false, byte_fallback: false, ignore_merges: model.ignore ?? false, vocab: Object.fromEntries(vocab), merges: model.old ? merges.map(m => m.join(" ")) : merges },
  };
}

function pieceFamily(normalizer, pre, specials, extra, decoder, bosToken) {
  const vocab = new Map(specials.map((s, i) => [s, i]));
  for (const e of extra) vocab.set(e, vocab.size);
  for (let b = 0; b < 256; b++) vocab.set(`<0x${b.toString(16).toUpperCase().padStart(2, "0")}>`, vocab.size);
  // Rare characters have no token of their own: those are spelled in bytes.
  const seen = new Map();
  for (const c of corpus.join("")) seen.set(c, (seen.get(c) ?? 0) + 1);
  vocab.set("▁", vocab.size);
  for (const [c, n] of [...seen].sort()) if (n > 40 && c !== " " && c >= "!" && !vocab.has(c)) vocab.set(c, vocab.size);
  const words = corpus.flatMap(text => text.split(" ").map(w => "▁" + w)).concat(corpus.map(t => "▁" + t.split("  ").join("▁▁").split(" ").slice(0, 2).join("▁")));
  // Runs of blanks are added tokens of Gemma and can be merged as well.
  const runs = extra.includes("▁▁▁") ? [["▁", "▁"], ["▁▁", "▁"]] : [];
  const merges = runs.concat(train(words, vocab, MERGES).filter(m => !runs.some(r => r[0] + r[1] === m[0] + m[1])));
  return {
    version: "1.0", truncation: null, padding: null,
    added_tokens: [...added(specials, 0), ...added(extra, specials.length, false)],
    normalizer, pre_tokenizer: pre, post_processor: bos(bosToken, specials.indexOf(bosToken)), decoder,
    model: { type: "BPE", dropout: null, unk_token: "<unk>", continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: true, byte_fallback: true, ignore_merges: false, vocab: Object.fromEntries(vocab), merges: merges.map(m => m.join(" ")) },
  };
}

const replace = (a, b) => ({ type: "Replace", pattern: { String: a }, content: b });
const families = {
  llama2: pieceFamily({ type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }, replace(" ", "▁")] }, null, ["<unk>", "<s>", "</s>"], [],
    { type: "Sequence", decoders: [replace("▁", " "), { type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }] }, "<s>"),
  llama3: byteLevelFamily({ type: "Sequence", pretokenizers: [split("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"), byteLevel(false)] }, null,
    ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], [], { old: true, ignore: true },
    first => ({ type: "Sequence", processors: [byteLevel(true), bos("<|begin_of_text|>", first)] })),
  qwen: byteLevelFamily({ type: "Sequence", pretokenizers: [split("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"), byteLevel(false)] }, { type: "NFC" },
    ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], ["<tool_call>", "</tool_call>", "<think>", "</think>"], {}, () => byteLevel(false)),
  gemma2: pieceFamily(replace(" ", "▁"), { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false }, ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"],
    ["[multimodal]", "\n\n", "\n\n\n", "\t\t", "▁▁", "▁▁▁"], { type: "Sequence", decoders: [replace("▁", " "), { type: "ByteFallback" }, { type: "Fuse" }] }, "<bos>"),
  smollm2: byteLevelFamily({ type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: true }, byteLevel(true)] }, null,
    ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<repo_name>"], [], { old: true }, () => null),
};

// FNV-1a over ids, 32 bits.
const hash = ids => ids.reduce((h, id) => [0, 8, 16, 24].reduce((x, s) => Math.imul(x ^ ((id >>> s) & 255), 16777619), h), 0x811c9dc5 | 0) >>> 0;
const write = (name, value) => writeFileSync(new URL(name, import.meta.url), gzipSync(JSON.stringify(value), { level: 9 }));
write("strings.json.gz", strings);
for (const [name, tokenizer] of Object.entries(families)) {
  const reference = new Tokenizer(tokenizer, { clean_up_tokenization_spaces: false });
  // Where this version of the reference and the published Rust implementation differ: its Digits step knows only ASCII digits, and the
  // pattern of its ByteLevel step does not take U+0085 for white space.
  const skip = text => name === "smollm2" && /(?![0-9])\p{N}|\u0085/u.test(text);
  const cases = strings.map((text, i) => {
    if (skip(text)) return null;
    const { ids } = reference.encode(text, { add_special_tokens: i % 2 === 0 });
    return i < WITH_IDS ? [hash(ids), ids] : [hash(ids)];
  });
  // Any tokens in any order; not the byte order mark, which a TextDecoder of this reference swallows.
  const size = Math.max(...Object.values(tokenizer.model.vocab), ...tokenizer.added_tokens.map(a => a.id)) + 1;
  const decodes = [];
  while (decodes.length < DECODES) {
    const ids = Array.from({ length: 1 + below(12) }, () => below(size));
    const text = reference.decode(ids, { clean_up_tokenization_spaces: false });
    if (!text.includes("\ufeff")) decodes.push([ids, text]);
  }
  write(`tokenizer-${name}.json.gz`, { reference: "@huggingface/tokenizers 0.2.0", tokenizer, cases, decodes });
  console.log(name, size, "tokens,", tokenizer.model.merges.length, "merges,", cases.filter(c => c).length, "strings");
}
