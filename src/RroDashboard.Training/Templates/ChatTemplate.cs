using RroDashboard.Training.Tokenizer.Bpe;

namespace RroDashboard.Training.Templates;

/// <summary>One message of a conversation.</summary>
/// <param name="Role">For example "system", "user" or "assistant".</param>
/// <param name="Content">Its text.</param>
public sealed record ChatMessage(string Role, string Content);

/// <summary>How a published model was taught to read a conversation: its <c>chat_template</c>, a small Jinja program, run within <see cref="TemplateLimits"/>.</summary>
public sealed class ChatTemplate
{
    private const long ConfigBytes = 16 << 20;

    private readonly Statement _body;

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateException">Not a template, or of a kind that is not supported; one sentence with the line.</exception>
    public ChatTemplate(string source)
    {
        ArgumentNullException.ThrowIfNull(source);
        (Source, _body) = (source, TemplateParser.Parse(source));
    }

    /// <summary>The template as it was given.</summary>
    public string Source { get; }

    /// <summary>The template of a checkpoint folder, with its special tokens; null when it has none.</summary>
    /// <param name="folder">Folder with <c>chat_template.jinja</c> or a <c>chat_template</c> in <c>tokenizer_config.json</c>.</param>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    /// <exception cref="TemplateException">The template cannot be read.</exception>
    public static (ChatTemplate? Template, string BosToken, string EosToken) Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var (bos, eos, source) = ("", "", (string?)null);
        var config = Path.Combine(folder, "tokenizer_config.json");
        if (File.Exists(config))
        {
            var (document, root) = JsonPart.Open(config, ConfigBytes);
            using (document)
            {
                (bos, eos) = (SpecialToken(root.Maybe("bos_token")), SpecialToken(root.Maybe("eos_token")));
                var template = root.Maybe("chat_template");
                source = template.IsNull ? null
                    : template.Element.ValueKind == System.Text.Json.JsonValueKind.String ? template.Text()
                    // Several named ones: the plain one.
                    : template.Items(64).Where(t => t.Member("name").Text() == "default").Select(t => t.Member("template").Text()).FirstOrDefault();
            }
        }

        var own = new FileInfo(Path.Combine(folder, "chat_template.jinja"));
        if (own.Exists)
        {
            source = own.Length <= 4L * TemplateLimits.SourceChars
                ? File.ReadAllText(own.FullName)
                : throw new InvalidDataException($"'{own.FullName}' has {own.Length} bytes; at most {4L * TemplateLimits.SourceChars} are allowed.");
        }

        return (source is null ? null : new ChatTemplate(source), bos, eos);
    }

    /// <summary>Writes a conversation.</summary>
    /// <param name="messages">In order.</param>
    /// <param name="addGenerationPrompt">Ends where the assistant has to write.</param>
    /// <param name="bosToken">Spelling of the token that begins a sequence.</param>
    /// <param name="eosToken">Spelling of the token that ends one.</param>
    /// <exception cref="TemplateException">The template refuses the messages, or does not end.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string bosToken = "", string eosToken = "")
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Render(new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = messages.Select(m => (object?)new OrderedDictionary<string, object?>(StringComparer.Ordinal) { ["role"] = m.Role, ["content"] = m.Content }).ToList(),
            ["add_generation_prompt"] = addGenerationPrompt,
            ["bos_token"] = bosToken,
            ["eos_token"] = eosToken,
        });
    }

    internal string Render(Dictionary<string, object?> names)
    {
        var run = new TemplateRun(new Dictionary<string, object?>(names, StringComparer.Ordinal));
        _body(run);
        return run.Result;
    }

    private static string SpecialToken(JsonPart part) => part.IsNull ? ""
        : part.Element.ValueKind == System.Text.Json.JsonValueKind.Object ? part.Member("content").Text()
        : part.Text();
}
