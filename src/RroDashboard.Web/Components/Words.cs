using System.Globalization;
using System.Text;
using RroDashboard.Core.Events;

namespace RroDashboard.Web.Components;

/// <summary>Names, numbers and times as people read them.</summary>
public static class Words
{
    /// <summary>"MaxCandidates" becomes "Max candidates".</summary>
    public static string Of(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            var starts = i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]);
            if (starts)
            {
                text.Append(' ');
            }

            var keepsCase = i == 0 || (i + 1 < name.Length && char.IsUpper(name[i + 1])) || (i > 0 && char.IsUpper(name[i - 1]));
            text.Append(keepsCase ? name[i] : char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    /// <summary>Name of a stage.</summary>
    public static string Of(Stage stage) => stage switch
    {
        Stage.Sft => "Fine-tuning (SFT)",
        Stage.Baseline => "Held-out before",
        Stage.Explore => "Exploration",
        Stage.Dpo => "Preferences (DPO)",
        _ => "Held-out after",
    };

    /// <summary>Sign beside the word of a state, so that it is never told by colour alone.</summary>
    public static string Sign(RunState state) => state switch
    {
        RunState.Queued => "◷",
        RunState.Running => "●",
        RunState.Finished => "✓",
        RunState.Failed => "✕",
        RunState.Stopped => "■",
        _ => "❚❚",
    };

    /// <summary>For example "4.2 s", "3 min 20 s", "2 h 5 min".</summary>
    public static string Duration(double seconds) => seconds switch
    {
        < 0 => "0 s",
        < 10 => seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        < 60 => seconds.ToString("0", CultureInfo.InvariantCulture) + " s",
        < 3600 => string.Create(CultureInfo.InvariantCulture, $"{(int)seconds / 60} min {(int)seconds % 60} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)seconds / 3600} h {(int)seconds % 3600 / 60} min"),
    };

    /// <summary>For example "just now", "3 min ago".</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) => (now - then).TotalSeconds switch
    {
        < 10 => "just now",
        < 60 and var s => string.Create(CultureInfo.InvariantCulture, $"{s:0} s ago"),
        < 3600 and var s => string.Create(CultureInfo.InvariantCulture, $"{s / 60:0} min ago"),
        < 86_400 and var s => string.Create(CultureInfo.InvariantCulture, $"{s / 3600:0} h ago"),
        var s => string.Create(CultureInfo.InvariantCulture, $"{s / 86_400:0} d ago"),
    };

    /// <summary>A count with thousands apart.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>What a role may do, as the scope of a token.</summary>
    public static string Of(RroDashboard.Data.UserRole role) => role switch
    {
        RroDashboard.Data.UserRole.Viewer => "read",
        RroDashboard.Data.UserRole.Reviewer => "read and review",
        RroDashboard.Data.UserRole.Operator => "read, review and run",
        _ => "do everything",
    };

    /// <summary>A reward.</summary>
    public static string Reward(double reward) => reward.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>For example "1.2 MB".</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1000 => $"{bytes} B",
        < 1_000_000 => (bytes / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + " kB",
        < 1_000_000_000 => (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " MB",
        _ => (bytes / 1e9).ToString("0.0", CultureInfo.InvariantCulture) + " GB",
    };
}
