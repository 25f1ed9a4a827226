using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using RroDashboard.Web.Components;

namespace RroDashboard.Web.Reports;

/// <summary>
/// A report as one HTML file that opens without a server and without a network: its charts are SVG within it, its style is within it, it has no script,
/// and its own policy lets nothing be loaded.
/// </summary>
public sealed partial class ReportFile(IWebHostEnvironment environment)
{
    /// <summary>What the file says to a browser about itself.</summary>
    public const string Policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

    private static readonly string[] s_sheets = ["css/app.css", "css/share.css", "css/reports.css"];

    private string? _style;

    /// <summary>The file.</summary>
    /// <param name="title">Of the report.</param>
    /// <param name="html">Rendered body.</param>
    /// <param name="note">Where it comes from, for people.</param>
    public async Task<string> WriteAsync(string title, string html, string note)
    {
        var style = _style ??= await StyleAsync();
        var shown = HtmlEncoder.Default.Encode(PlainText.Of(title));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8" />
            <meta http-equiv="Content-Security-Policy" content="{Policy}" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta name="referrer" content="no-referrer" />
            <meta name="color-scheme" content="light dark" />
            <title>{shown}</title>
            <style>
            {style}
            </style>
            </head>
            <body class="report-file">
            <main class="report">
            <h1>{shown}</h1>
            {html}
            <p class="small muted">{HtmlEncoder.Default.Encode(note)}</p>
            </main>
            </body>
            </html>

            """);
    }

    private async Task<string> StyleAsync()
    {
        var parts = new List<string>();
        foreach (var sheet in s_sheets)
        {
            var file = environment.WebRootFileProvider.GetFileInfo(sheet);
            await using var stream = file.CreateReadStream();
            using var reader = new StreamReader(stream);
            parts.Add(await reader.ReadToEndAsync());
        }

        // Fonts would be loaded; the system's take their place. Dark by the reader's choice, since no script asks.
        var style = FontFace().Replace(string.Join('\n', parts), "");
        var dark = DarkTokens().Match(style);
        return dark.Success ? $"{style}\n@media (prefers-color-scheme: dark) {{ :root {dark.Groups[1].Value} }}" : style;
    }

    [GeneratedRegex(@"@font-face\s*\{[^}]*\}")]
    private static partial Regex FontFace();

    [GeneratedRegex(@":root\[data-theme=""dark""\]\s*(\{[^}]*\})")]
    private static partial Regex DarkTokens();
}
