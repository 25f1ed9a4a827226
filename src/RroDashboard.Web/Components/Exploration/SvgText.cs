using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Rendering;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>A text of a drawing. Razor takes the element for its own directive, so it is written here; the text is encoded like any other.</summary>
public sealed class SvgText : ComponentBase
{
    /// <summary>Its class.</summary>
    [Parameter] public string? Class { get; set; }

    /// <summary>Left end, middle or right end, as the class anchors it.</summary>
    [Parameter, EditorRequired] public double X { get; set; }

    /// <summary>Base line.</summary>
    [Parameter, EditorRequired] public double Y { get; set; }

    /// <summary>What it says.</summary>
    [Parameter, EditorRequired] public string Text { get; set; } = "";

    /// <inheritdoc/>
    protected override void BuildRenderTree(RenderTreeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.OpenElement(0, "text");
        builder.AddAttribute(1, "class", Class);
        builder.AddAttribute(2, "x", ExplorationWords.Css(X));
        builder.AddAttribute(3, "y", ExplorationWords.Css(Y));
        builder.AddContent(4, Text);
        builder.CloseElement();
    }
}
