using System.Globalization;
using System.Text.Encodings.Web;

namespace RroDashboard.Web.Components.Charts;

/// <summary>Text within SVG: Razor takes the element of this name for its own. Everything is encoded here.</summary>
internal static class SvgMarkup
{
    /// <summary>A text element.</summary>
    public static string Text(double x, double y, string anchor, string css, string text) => string.Create(
        CultureInfo.InvariantCulture, $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\" class=\"{css}\">{HtmlEncoder.Default.Encode(PlainText.Of(text))}</text>");
}
