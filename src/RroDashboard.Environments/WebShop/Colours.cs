namespace RroDashboard.Environments.WebShop;

/// <summary>Colours by which options are compared (web_agent_site/engine/normalize.py): the first of a fixed list that occurs.</summary>
public static class Colours
{
    // The order decides: "dark grey" is dark, "light grey" is grey, "titanium" is tan, "shredded" is red.
    private static readonly string[] s_colours = (
        "alabaster apricot aqua ash asphalt azure banana beige black blue blush bordeaux bronze brown burgundy camel camo caramel champagne "
        + "charcoal cheetah chestnut chocolate christmas coffee cognac copper coral cranberry cream crystal dark denim eggplant elephant espresso "
        + "fuchsia gold granite grape graphite grass gray green grey heather indigo ivory ivy khaki lavender lemon leopard light lilac lime magenta "
        + "maroon mauve merlot midnight mint mocha multicolor mushroom mustard natural navy nude olive orange peach pewter pink plum purple rainbow "
        + "red rose royal rust sand sapphire seashell silver skull slate steel stone stonewash sunflower tan taupe teal tiger turquoise violet "
        + "walnut wheat white wine yellow").Split(' ');

    /// <summary>The first colour that occurs anywhere in the text, or the text itself.</summary>
    public static string Normalise(string option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return Array.Find(s_colours, c => option.Contains(c, StringComparison.Ordinal)) ?? option;
    }

    /// <summary>A wanted option as it is compared. With a name it is a Python pair, in which a colour is only found as a whole element.</summary>
    public static string Normalise(GoalOption option)
    {
        ArgumentNullException.ThrowIfNull(option);
        return option.Name is not { } name
            ? Normalise(option.Value)
            : Array.Find(s_colours, c => c == name || c == option.Value)
                ?? InterCodeSql.PythonText.Row([InterCodeSql.PythonText.Of(name), InterCodeSql.PythonText.Of(option.Value)]);
    }
}
