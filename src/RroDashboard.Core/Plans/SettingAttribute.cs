namespace RroDashboard.Core.Plans;

/// <summary>
/// One line of meaning for a setting, with its unit and range. The New-run form, <c>--help</c>, error messages and the docs
/// are all made from it, so it is written for the person who has to choose a value.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute(string meaning) : Attribute
{
    /// <summary>One sentence.</summary>
    public string Meaning { get; } = meaning;

    /// <summary>Unit, for example "tokens"; empty when the value has none.</summary>
    public string Unit { get; init; } = "";

    /// <summary>Smallest allowed number.</summary>
    public double Min { get; init; } = double.NegativeInfinity;

    /// <summary>Largest allowed number.</summary>
    public double Max { get; init; } = double.PositiveInfinity;

    /// <summary>Shown only when asked for: most people leave it alone.</summary>
    public bool Advanced { get; init; }
}
