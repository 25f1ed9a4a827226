using System.Globalization;

namespace RroDashboard.Core.Plans;

/// <summary>How a plan names what it computes on: <c>cpu</c>, <c>cuda</c> (the first card), or <c>cuda:N</c>.</summary>
public static class DeviceName
{
    /// <summary>The processor.</summary>
    public const string Processor = "cpu";

    private const string Card = "cuda";
    private const int MostCards = 64;

    /// <summary>Number of the card that a name asks for; null for the processor.</summary>
    /// <param name="name">As in <see cref="ModelOptions.Device"/>.</param>
    /// <exception cref="PlanException">It names nothing; one sentence with what is allowed.</exception>
    public static int? CardOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name switch
        {
            Processor => null,
            Card => 0,
            _ when name.StartsWith(Card + ":", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(Card.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < MostCards => number,
            _ => throw new PlanException($"Model.Device = '{name}' is not allowed: it must be cpu, cuda (the first card), or cuda:N with the number of a card from 0 to {MostCards - 1}."),
        };
    }
}
