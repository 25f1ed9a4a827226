using System.Text;

namespace RroDashboard.Environments.WebShop;

/// <summary>How a page is put into words.</summary>
public enum ObservationMode
{
    /// <summary>Stripped texts with " [SEP] " between them.</summary>
    Text,

    /// <summary>A line per text; what can be clicked, and what has been, is marked.</summary>
    TextRich,
}

/// <summary>The original's observation texts (environments.md A5, observation modes). Its html and url modes are left out.</summary>
public static class PageObservation
{
    /// <summary>Between texts, and between states and actions of a history.</summary>
    public const string Separator = " [SEP] ";

    /// <summary>The observation of a session's page.</summary>
    public static string Of(ShopSession session, ObservationMode mode)
    {
        ArgumentNullException.ThrowIfNull(session);
        return mode == ObservationMode.Text ? Text(session.Page) : Rich(session);
    }

    /// <summary>The page's heading with the instruction: "Instruction: " on the start page, elsewhere without the blank.</summary>
    public static string InstructionText(ShopSession session)
    {
        ArgumentNullException.ThrowIfNull(session);
        return (session.Page.HasSearchBar ? "Instruction: " : "Instruction:") + session.Goal.InstructionText;
    }

    private static string Text(ShopPage page) => string.Join(Separator, page.Nodes.Select(node => ShopText.Strip(node.Text)));

    private static string Rich(ShopSession session)
    {
        // The lines about clicked options are put in front one by one, so the last is the first.
        var (clicked, lines) = (new List<string>(), new StringBuilder());
        foreach (var (kind, text) in session.Page.Nodes)
        {
            switch (kind)
            {
                case PageNodeKind.Button:
                    lines.Append("[button] ").Append(text).Append(" [button_]");
                    break;
                case PageNodeKind.Option when session.Url.Contains($"\"{text}\"", StringComparison.Ordinal):
                    clicked.Add(text);
                    lines.Append("  [clicked button] ").Append(text).Append(" [clicked button_]");
                    break;
                case PageNodeKind.Option:
                    lines.Append("  [button] ").Append(text).Append(" [button_]");
                    break;
                case PageNodeKind.ProductLink when session.VisitedAsins.Contains(text):
                    lines.Append("\n[clicked button] ").Append(text).Append(" [clicked button_]");
                    break;
                case PageNodeKind.ProductLink:
                    lines.Append("\n[button] ").Append(text).Append(" [button_]");
                    break;
                default:
                    lines.Append(text);
                    break;
            }

            lines.Append('\n');
        }

        foreach (var text in clicked)
        {
            lines.Insert(0, $"You have clicked {text}.\n");
        }

        return lines.ToString();
    }
}
