using System.Globalization;

namespace RroDashboard.Core.Plans;

/// <summary>Names a version of a run's pairs, as <see cref="DpoOptions.PairsFrom"/> writes it: RUN@VERSION.</summary>
/// <param name="Run">Id of the run.</param>
/// <param name="Version">0 for the pairs as the run trained on them.</param>
public sealed record PairsReference(string Run, int Version)
{
    /// <summary>Reads one.</summary>
    /// <exception cref="PlanException">It is not written like that.</exception>
    public static PairsReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.LastIndexOf('@');
        return at > 0 && int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? new PairsReference(text[..at], version)
            : throw new PlanException($"Dpo.PairsFrom = '{text}' is not allowed: write the id of a run, '@' and the number of a version of its pairs, for example 7f3c@2.");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Run}@{Version}");
}
