using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Plans;

namespace RroDashboard.Web.Components.Exploration;

/// <summary>A step as people would have seen it.</summary>
public sealed partial class StepScreen
{
    private const string SqlError = "Error executing query: ";

    /// <summary>Which environment; null for one that is not of this program, whose texts are shown as they are.</summary>
    [Parameter, EditorRequired] public required EnvironmentKind? Kind { get; set; }

    /// <summary>The page before the action; null in no shop, or when it cannot be read as a page.</summary>
    [Parameter] public ShopScreen? Shop { get; set; }

    /// <summary>What the agent did.</summary>
    [Parameter, EditorRequired] public required string Action { get; set; }

    /// <summary>What the environment answered.</summary>
    [Parameter, EditorRequired] public required string Observation { get; set; }

    private bool IsSql => Kind == EnvironmentKind.InterCodeSql;

    // Without the frame of the action.
    private string Query => Action.Trim() is ['e', 'x', 'e', 'c', 'u', 't', 'e', '[', .., ']'] whole ? whole["execute[".Length..^1].Trim() : Action;

    // The action is marked somewhere on the page.
    private bool IsUnderstood => ShopScreen.SearchOf(Action) is not null
        || (ShopScreen.ClickOf(Action) is { } click && (Shop!.Item is null
            ? Shop.Rows?.Any(r => r.Mark == click) == true || click == "next"
            : GoesBack || Buys || Shop.Options.Any(o => o.Values.Contains(click))));

    private bool GoesBack => ShopScreen.ClickOf(Action) is "back" or "<prev>";

    private bool Buys => ShopScreen.ClickOf(Action) is "buy" or "<buy>";

    private bool IsTarget(string value) => ShopScreen.ClickOf(Action) == value;

    private string Chip(string value, bool chosen) => $"chip{(chosen ? " chosen" : "")}{(IsTarget(value) ? " pressed" : "")}";
}
