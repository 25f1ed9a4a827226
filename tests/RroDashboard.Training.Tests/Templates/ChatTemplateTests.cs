using System.Diagnostics;
using System.Text.Json;
using RroDashboard.Training.Templates;
using RroDashboard.Training.Tests.Tokenizer.Bpe;

namespace RroDashboard.Training.Tests.Templates;

/// <summary>Against the reference implementation <c>@huggingface/jinja</c> 0.5.11 (npm): Reference/make-templates.mjs made the file.</summary>
public sealed class ChatTemplateTests
{
    // Where that version writes or refuses something that Jinja itself does not; null for a refusal.
    private static readonly Dictionary<string, string?> s_asJinja = new(StringComparer.Ordinal)
    {
        ["{{ 'a' < 'b' }}"] = "True",
        ["{{ (1, 2) | tojson }}"] = "[1, 2]",
        ["{{ people | selectattr('age', 'equalto', 7) | map(attribute='name') | join }}"] = "Bo",
        ["{{ 'xxaxx'.strip('x') }}{{ 'xxa'.lstrip('x') }}{{ 'axx'.rstrip('x') }}"] = "aaa",
        ["{{ 'b' is in names }}"] = "True",
        ["{{ '<a&\"b>' | e }}"] = "&lt;a&amp;&#34;b&gt;",
        ["{{ missing.member }}"] = null,
    };

    [Fact]
    public void Render_SmallTemplates_EqualReference()
    {
        var small = BpeReferenceTests.Read("templates.json.gz").GetProperty("small");
        var wrong = new List<string>();
        var count = 0;
        foreach (var item in small.GetProperty("cases").EnumerateArray())
        {
            var template = item.GetProperty("template").GetString()!;
            var expected = s_asJinja.TryGetValue(template, out var jinja) ? jinja : item.TryGetProperty("text", out var text) ? text.GetString() : null;
            var actual = Render(template, small.GetProperty("data"), out var refusal);
            // Jinja writes True and False, that reference true and false.
            var equal = string.Equals(actual?.Replace("True", "true", StringComparison.Ordinal).Replace("False", "false", StringComparison.Ordinal), expected?.Replace("True", "true", StringComparison.Ordinal), StringComparison.Ordinal);
            count++;
            if (!equal)
            {
                wrong.Add($"{template} gave {actual ?? refusal}, not {expected ?? "a refusal"}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} differ:\n{string.Join('\n', wrong)}");
        Assert.True(count > 70);
    }

    public static TheoryData<string> Families => ["llama2", "llama3", "llama31", "qwen25", "qwen3", "gemma2", "smollm2"];

    [Theory]
    [MemberData(nameof(Families))]
    public void Render_ConversationsInFamilyShape_EqualReference(string family)
    {
        var golden = BpeReferenceTests.Read("templates.json.gz").GetProperty("families").EnumerateArray().Single(f => f.GetProperty("name").GetString() == family);
        var template = golden.GetProperty("template").GetString()!;
        var (rendered, refused) = (0, 0);
        foreach (var item in golden.GetProperty("cases").EnumerateArray())
        {
            var actual = Render(template, item.GetProperty("context"), out var refusal);
            if (item.TryGetProperty("text", out var text))
            {
                rendered++;
                Assert.True(actual == text.GetString(), $"For {item.GetProperty("context")} it gave:\n{actual ?? refusal}\nnot:\n{text.GetString()}");
            }
            else
            {
                refused++;
                Assert.Contains(item.GetProperty("error").GetString()!, refusal, StringComparison.Ordinal);
            }
        }

        Assert.True(rendered >= 12, $"Only {rendered} were rendered, {refused} refused.");
    }

    [Fact]
    public void Render_Messages_EndsWhereTheAssistantWrites()
    {
        var template = new ChatTemplate("{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}");
        Assert.Equal("<s>[user]hi</s>[assistant]", template.Render([new ChatMessage("user", "hi")], true, "<s>", "</s>"));
    }

    [Fact]
    public void Load_Folder_ReadsTemplateAndSpecialTokens()
    {
        var folder = Directory.CreateTempSubdirectory("rro-template-").FullName;
        Assert.Equal((null, "", ""), ChatTemplate.Load(folder));
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"bos_token": {"content": "<s>"}, "eos_token": "</s>", "chat_template": [{"name": "rag", "template": "x"}, {"name": "default", "template": "a"}]}""");
        var (template, bos, eos) = ChatTemplate.Load(folder);
        Assert.Equal(("a", "<s>", "</s>"), (template!.Source, bos, eos));
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), "b");
        Assert.Equal("b", ChatTemplate.Load(folder).Template!.Source);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "did not end within")]
    [InlineData("{% for a in range(100000000000) %}{% endfor %}", "makes a list of more than 100000 items")]
    [InlineData("{% set n = namespace(s='aaaaaaaaaaaaaaaa') %}{% for a in range(1000) %}{% set n.s = n.s + n.s %}{% endfor %}", "steps")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for a in range(1000) %}{% set n.l = n.l + n.l %}{% endfor %}", "items")]
    [InlineData("{% set n = namespace(l=[]) %}{% for a in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l == n.l }}", "did not end within")]
    [InlineData("{% set n = namespace(l=[]) %}{% for a in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l | tojson }}", "too deep or too long")]
    [InlineData("{% set n = namespace(s='aaaaaaaaaaaaaaaa') %}{% for a in range(12) %}{% set n.s = n.s + n.s %}{% endfor %}{{ n.s.replace('a', n.s) }}", "did not end within")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "too large")]
    [InlineData("{{ 1 // 0 }}", "divides by zero")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "the block 'macro' is not supported")]
    [InlineData("{% include 'x' %}", "the block 'include' is not supported")]
    [InlineData("{{ ''.__class__ }}{{ ''.__class__.__mro__ }}", "asks something undefined for its member '__mro__'")]
    [InlineData("{{ cycler() }}", "the function 'cycler' is not supported")]
    [InlineData("{{ 'a' | attr('b') }}", "the filter 'attr' is not supported")]
    [InlineData("line\n{{ 'a' ", "a tag is not closed in line 2")]
    [InlineData("{# ", "a comment is not closed")]
    [InlineData("{{ 'a }}", "a string is not closed")]
    [InlineData("{{ $ }}", "'$' has no meaning in line 1")]
    public void Render_HostileTemplate_IsRefusedWithASentence(string template, string sentence)
    {
        var clock = Stopwatch.StartNew();
        Render(template, JsonDocument.Parse("{}").RootElement, out var refusal);
        Assert.Contains(sentence, refusal, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), $"It took {clock.Elapsed}.");
    }

    [Fact]
    public void Parse_DeepOrLong_IsRefusedBeforeTheStackEnds()
    {
        Assert.Contains("nested deeper than", Refusal("{{ " + new string('(', 50_000) + "1" + new string(')', 50_000) + " }}"), StringComparison.Ordinal);
        Assert.Contains("nested deeper than", Refusal(string.Concat(Enumerable.Repeat("{% if a %}", 10_000))), StringComparison.Ordinal);
        Assert.Contains("nested deeper than", Refusal("{{ " + string.Concat(Enumerable.Repeat("not ", 50_000)) + "a }}"), StringComparison.Ordinal);
        Assert.Contains("nested deeper than", Refusal("{{ " + new string('-', 50_000) + "1 }}"), StringComparison.Ordinal);
        Assert.Contains("more than 1000 operations", Refusal("{{ 1" + string.Concat(Enumerable.Repeat("+1", 50_000)) + " }}"), StringComparison.Ordinal);
        Assert.Contains("more than 1000 operations", Refusal("{{ a" + string.Concat(Enumerable.Repeat("|e", 50_000)) + " }}"), StringComparison.Ordinal);
        Assert.Contains("more than 1000 operations", Refusal("{{ a" + string.Concat(Enumerable.Repeat(".a", 50_000)) + " }}"), StringComparison.Ordinal);
        Assert.Contains("at most 262144 are allowed", Refusal(new string('a', 300_000)), StringComparison.Ordinal);
        Assert.Equal("1000", new ChatTemplate("{{ 1" + string.Concat(Enumerable.Repeat("+1", 900)) + "+99 }}").Render([], false));

        static string Refusal(string source) => Assert.Throws<TemplateException>(() => new ChatTemplate(source)).Message;
    }

    private static string? Render(string template, JsonElement names, out string? refusal)
    {
        try
        {
            refusal = null;
            return new ChatTemplate(template).Render(names.EnumerateObject().ToDictionary(m => m.Name, m => TemplateValue.Of(m.Value), StringComparer.Ordinal));
        }
        catch (TemplateException e)
        {
            refusal = e.Message;
            return null;
        }
    }
}
