using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using RroDashboard.Training.Tokenizer.Bpe;

namespace RroDashboard.Training.Tests.Tokenizer.Bpe;

public sealed class HostileTokenizerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rro-hostile-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("""{"model": []}""", "tokenizer.json: model must be an object, but is an array.")]
    [InlineData("[]", "tokenizer.json must be an object, but is an array.")]
    [InlineData("""{"a": 1}""", "tokenizer.json: model is missing.")]
    [InlineData("""{"model": {"type": "Unigram"}}""", "tokenizer.json: model is of type 'Unigram', which is not supported: only BPE is.")]
    public void Load_NoTokenizer_SaysWhere(string json, string sentence) => Assert.Equal(sentence, Refusal(json));

    [Fact]
    public void Load_NotJson_SaysSo() => Assert.Contains("is not JSON", Refusal("{\"model\": "), StringComparison.Ordinal);

    [Fact]
    public void Load_NoFile_SaysSo()
    {
        var path = Path.Combine(_folder, "tokenizer.json");
        Assert.Equal($"'{path}' does not exist.", Assert.Throws<InvalidDataException>(() => BpeTokenizer.Load(path)).Message);
    }

    [Theory]
    [InlineData("model.vocab", """{"a": -1}""", "gives the token 'a' the id -1; a whole number from 0 to")]
    [InlineData("model.vocab", """{"a": 4294967297}""", "gives the token 'a' the id 4294967297")]
    [InlineData("model.vocab", """{"a": 2000000000}""", "gives the token 'a' the id 2000000000")]
    [InlineData("model.vocab", """{"a": "b"}""", "gives the token 'a' the id \"b\"")]
    [InlineData("model.vocab", """{"a": 0, "b": 0}""", "gives the id 0 to two tokens, 'a' and 'b'")]
    [InlineData("model.vocab", """{"\ud800": 0}""", "is not valid Unicode")]
    [InlineData("model.merges", """["a"]""", "must be two tokens with one blank between them")]
    [InlineData("model.merges", """[["a", "c"]]""", "needs the token 'c', which is not in the vocabulary")]
    [InlineData("model.merges", """[["b", "b"]]""", "needs the token 'bb', which is not in the vocabulary")]
    [InlineData("model.dropout", "0.1", "is not supported: the same text must give the same tokens")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "is not supported: the families that can be loaded have none")]
    [InlineData("model.byte_fallback", "true", "has no token <0x00>, but byte_fallback needs it")]
    [InlineData("model.unk_token", "\"?\"", "is '?', which is not in the vocabulary")]
    [InlineData("added_tokens", """[{"id": 0, "content": "x"}]""", "gives 'x' the id 0, which 'a' has")]
    [InlineData("added_tokens", """[{"id": 9, "content": ""}]""", "has no content: it would be found everywhere")]
    [InlineData("added_tokens", """[{"id": 2147483647, "content": "x"}]""", "must be a whole number from 0 to")]
    [InlineData("normalizer", """{"type": "Precompiled"}""", "is of type 'Precompiled', which is not supported")]
    [InlineData("normalizer", """{"type": "Replace", "pattern": {"String": ""}, "content": "x"}""", "is empty: it would match everywhere")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}""", "is a pattern that is not supported")]
    [InlineData("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Sometimes"}""", "must be one of Removed, Isolated")]
    [InlineData("decoder", """{"type": "WordPiece"}""", "is of type 'WordPiece', which is not supported here")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}]}""", "names the token '<s>', which does not exist")]
    [InlineData("post_processor", """{"type": "TemplateProcessing", "single": []}""", "leaves no place for the text")]
    public void Load_WrongPart_SaysWhatAndWhere(string path, string value, string sentence) =>
        Assert.Contains(sentence, Refusal(With(path, value)), StringComparison.Ordinal);

    [Fact]
    public void Load_NestedTooDeep_IsRefusedAtOnce()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"type\": \"Sequence\", \"normalizers\": [", 5000)) + string.Concat(Enumerable.Repeat("]}", 5000));
        Assert.Contains("nested deeper than 32", Refusal("{\"normalizer\": " + deep + "}"), StringComparison.Ordinal);
        var wide = "{\"type\": \"Sequence\", \"normalizers\": [" + string.Join(',', Enumerable.Repeat("{\"type\": \"NFC\"}", 32)) + "]}";
        Assert.Contains("is one step too many: at most 32 are allowed", Refusal(With("normalizer", wide)), StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_NormalizerThatDoublesAtEveryStep_IsStopped()
    {
        var doubling = "{\"type\": \"Sequence\", \"normalizers\": [" + string.Join(',', Enumerable.Repeat("""{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}""", 31)) + "]}";
        var tokenizer = BpeTokenizer.Load(Write(With("normalizer", doubling)));
        Assert.Contains("longer than 16777216 characters", Assert.Throws<InvalidDataException>(() => tokenizer.Encode("a")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_PatternThatBacktracksForEver_IsStopped()
    {
        var tokenizer = BpeTokenizer.Load(Write(With("pre_tokenizer", """{"type": "Split", "pattern": {"Regex": "(a+)+b"}, "behavior": "Isolated"}""")));
        var clock = Stopwatch.StartNew();
        Assert.Contains("takes longer than 5 s", Assert.Throws<InvalidDataException>(() => tokenizer.Encode(new string('a', 50_000))).Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public void Encode_OneWordOfAMillionCharacters_IsQuick()
    {
        var tokenizer = BpeTokenizer.Load(Write(With("model.merges", """[["a", "b"]]""", """{"a": 0, "b": 1, "ab": 2}""")));
        var clock = Stopwatch.StartNew();
        Assert.Equal(1_000_000, tokenizer.Encode(new StringBuilder().Insert(0, "ab", 1_000_000).ToString()).Length);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public void Load_TruncatedAnywhere_IsRefusedAndNeverCrashes()
    {
        var whole = BpeReferenceTests.Load("llama3").Golden.GetProperty("tokenizer").GetRawText();
        for (var i = 1; i < 40; i++)
        {
            Refusal(whole[..(whole.Length * i / 40)]);
        }
    }

    private string Refusal(string json) => Assert.Throws<InvalidDataException>(() => BpeTokenizer.Load(Write(json))).Message;

    private string Write(string json)
    {
        var path = Path.Combine(_folder, "tokenizer.json");
        File.WriteAllText(path, json);
        return path;
    }

    // A tiny tokenizer with one part replaced.
    private static string With(string path, string value, string? vocabulary = null)
    {
        // As text: a JSON tree would refuse some of what is tried here.
        var parts = new Dictionary<string, string>
        {
            ["added_tokens"] = "[]",
            ["normalizer"] = "null",
            ["pre_tokenizer"] = "null",
            ["post_processor"] = "null",
            ["decoder"] = """{"type": "Fuse"}""",
            ["model.vocab"] = vocabulary ?? """{"a": 0, "b": 1}""",
            ["model.merges"] = "[]",
        };
        parts[path] = value;
        static string Join(IEnumerable<(string Name, string Value)> members) => "{" + string.Join(", ", members.Select(m => JsonValue.Create(m.Name).ToJsonString() + ": " + m.Value)) + "}";
        var model = Join(parts.Where(p => p.Key.StartsWith("model.", StringComparison.Ordinal)).Select(p => (p.Key[6..], p.Value)));
        return Join(parts.Where(p => !p.Key.StartsWith("model.", StringComparison.Ordinal)).Select(p => (p.Key, p.Value)).Append(("model", model)));
    }
}
