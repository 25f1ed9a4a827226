using System.Globalization;
using Microsoft.AspNetCore.Components;
using RroDashboard.Core.Plans;

namespace RroDashboard.Web.Components.Controls;

/// <summary>One setting of a plan as a form field, made from its attribute: name, unit, meaning, range.</summary>
public sealed partial class SettingField
{
    /// <summary>Which setting.</summary>
    [Parameter, EditorRequired] public required PlanSetting Setting { get; set; }

    /// <summary>What stands in the field.</summary>
    [Parameter, EditorRequired] public required string Value { get; set; }

    /// <summary>What the preset has.</summary>
    [Parameter, EditorRequired] public required string PresetValue { get; set; }

    /// <summary>What the value is compared with: "Preset" or "Run abc".</summary>
    [Parameter] public string BaseName { get; set; } = "Preset";

    /// <summary>Why the value was refused; empty when it was not.</summary>
    [Parameter] public string Wrong { get; set; } = "";

    /// <summary>The person changed the value.</summary>
    [Parameter] public EventCallback<string> ValueChanged { get; set; }

    private string Id => "set-" + Setting.Path.Replace('.', '-');

    private string HintId => Id + "-hint";

    private string Invalid => Wrong.Length > 0 ? "true" : "false";

    private bool Changed => Value.Trim() != PresetValue;

    private bool IsNumber => Setting.Type == typeof(int) || Setting.Type == typeof(long) || Setting.Type == typeof(double);

    private static string Text(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    private Task Change(ChangeEventArgs e) =>
        ValueChanged.InvokeAsync(e.Value switch { bool flag => flag.ToString(), var other => Convert.ToString(other, CultureInfo.InvariantCulture) ?? "" });
}
