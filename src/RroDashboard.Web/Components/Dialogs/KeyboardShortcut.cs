using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Dialogs;

/// <summary>A single-key shortcut: the help dialog shows it and <c>wwwroot/js/keyboard.js</c> obeys it.</summary>
/// <param name="Key">Value of <c>KeyboardEvent.key</c>.</param>
/// <param name="Meaning">What it does.</param>
/// <param name="Act">help, go, focus or click; local for keys that only what has the focus obeys (<c>walk.js</c>), listed here to be found.</param>
/// <param name="Target">URL or selector.</param>
public sealed record KeyboardShortcut(string Key, string Meaning, string Act, string Target = "")
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<KeyboardShortcut> All { get; } =
    [
        new("?", "This help", "help"),
        new("r", "Runs", "go", RroUrls.Runs),
        new("n", "New run", "go", RroUrls.NewRun),
        new("c", "Compare runs", "go", RroUrls.ComparePage),
        new("v", "Review", "go", RroUrls.Review),
        new("e", "Environments", "go", RroUrls.Environments),
        new("f", "On a run: to the acceptance feed", "focus", "#feed-scroll"),
        new("s", "On a run: to the stop button", "focus", "#stop-run"),
        new("j k ↓ ↑", "In a list or a candidate tree: next and previous", "local"),
        new("← →", "In a candidate tree: other candidates of the step; in the player: other steps", "local"),
        new("A B E X", "In a review: A, B, equal, both bad (or A F D: accept, flip, discard)", "local"),
        new("1 to 5", "In a review: the score of the question that has the focus", "local"),
        new("S U H", "In a review: skip, undo, what came before", "local"),
        new("Enter, Ctrl+Enter", "In a review: submit and go on; with Ctrl from a text box", "local"),
        new("← →", "In a review: the item before and after", "local"),
        new("t", "Next theme (system, light, dark)", "click", "[data-theme-switch]"),
    ];
}
