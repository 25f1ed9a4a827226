using System.Text;

namespace RroDashboard.Training.Templates;

/// <summary>One rendering: names, what was written, and what is left of the limits.</summary>
internal sealed class TemplateRun
{
    private readonly List<Dictionary<string, object?>> _scopes = [];
    private readonly StringBuilder _text = new();
    private int _steps = TemplateLimits.Steps;

    public TemplateRun(Dictionary<string, object?> names) => _scopes.Add(names);

    /// <summary>Set by <c>break</c> and <c>continue</c> until their loop sees it.</summary>
    public bool Broken { get; set; }

    public bool Continued { get; set; }

    public string Result => _text.ToString();

    public void Step(int count = 1)
    {
        _steps -= Math.Max(1, count);
        if (_steps < 0)
        {
            throw new TemplateException($"The chat template did not end within {TemplateLimits.Steps} steps.");
        }
    }

    public void Write(string text)
    {
        Step(text.Length);
        if (_text.Length + text.Length > TemplateLimits.TextChars)
        {
            throw new TemplateException($"The chat template writes more than {TemplateLimits.TextChars} characters.");
        }

        _text.Append(text);
    }

    /// <summary>A string on the way, within its limit.</summary>
    public string Text(string text)
    {
        Step(text.Length);
        return text.Length <= TemplateLimits.TextChars ? text : throw new TemplateException($"The chat template makes a string of more than {TemplateLimits.TextChars} characters.");
    }

    public List<object?> Items(IEnumerable<object?> items)
    {
        var list = new List<object?>();
        foreach (var item in items)
        {
            Step();
            list.Add(item);
            if (list.Count > TemplateLimits.Items)
            {
                throw new TemplateException($"The chat template makes a list of more than {TemplateLimits.Items} items.");
            }
        }

        return list;
    }

    public object? Get(string name)
    {
        for (var i = _scopes.Count - 1; i >= 0; i--)
        {
            if (_scopes[i].TryGetValue(name, out var value))
            {
                return value;
            }
        }

        return TemplateValue.Missing;
    }

    // What a loop sets is gone after its round, as in Jinja.
    public void Set(string name, object? value) => _scopes[^1][name] = value;

    public void Enter() => _scopes.Add(new Dictionary<string, object?>(StringComparer.Ordinal));

    public void Leave() => _scopes.RemoveAt(_scopes.Count - 1);
}
