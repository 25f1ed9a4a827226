namespace RroDashboard.Environments.WebShop;

/// <summary>How a browser shows its pages.</summary>
/// <param name="Mode">Kind of observation.</param>
/// <param name="PreviousObservations">How many earlier observations go in front of the current one, 0 to <see cref="MaxHistory"/>.</param>
/// <param name="PreviousActions">How many earlier actions, the one just given included, 0 to <see cref="MaxHistory"/>.</param>
public sealed record ShopBrowserOptions(ObservationMode Mode = ObservationMode.Text, int PreviousObservations = 0, int PreviousActions = 0)
{
    /// <summary>Longest history; a state of that many pages is far beyond any context.</summary>
    public const int MaxHistory = 1000;
}

/// <summary>
/// One episode of the text environment: a session, its observations, and the history that goes into a state
/// (environments.md A1, A5). There is no step limit, and buying does not end it. Not safe to use from several threads;
/// a fork costs a copy of the history that is shown.
/// </summary>
public sealed class ShopBrowser : IShopFront
{
    private readonly ShopSite _site;
    private readonly ShopBrowserOptions _options;

    // Oldest first; no longer than what can be shown.
    private readonly List<string> _observations;
    private readonly List<string> _actions;

    /// <summary>Opens the start page.</summary>
    /// <exception cref="ArgumentException">A length of history is out of range.</exception>
    public ShopBrowser(ShopSite site, string sessionId, Goal goal, ShopBrowserOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(site);
        _site = site;
        _options = options ?? new();
        foreach (var length in (ReadOnlySpan<int>)[_options.PreviousObservations, _options.PreviousActions])
        {
            if (length is < 0 or > ShopBrowserOptions.MaxHistory)
            {
                throw new ArgumentException($"a history of {length} steps cannot be shown; 0 to {ShopBrowserOptions.MaxHistory} are allowed", nameof(options));
            }
        }

        Session = ShopSession.Open(sessionId, goal);
        Start = PageObservation.Of(Session, _options.Mode);
        (_observations, _actions) = ([], []);
        Remember(_observations, Start, _options.PreviousObservations);
    }

    private ShopBrowser(ShopBrowser other)
    {
        (_site, _options, Session, Start, LastActed) = (other._site, other._options, other.Session, other.Start, other.LastActed);
        (_observations, _actions) = ([.. other._observations], [.. other._actions]);
    }

    /// <summary>Where the shopper is.</summary>
    public ShopSession Session { get; private set; }

    /// <inheritdoc/>
    public string Start { get; }

    /// <summary>False where the last action was not possible on its page.</summary>
    public bool LastActed { get; private set; }

    /// <summary>
    /// Equal for two episodes of one task exactly when nothing that can still be seen or happen differs:
    /// <see cref="ShopSession.StateKey"/>, the products marked as visited if the mode marks them, and the history shown.
    /// </summary>
    public string StateKey
    {
        get
        {
            var key = Session.StateKey;
            if (_options.Mode == ObservationMode.TextRich)
            {
                key += "\n" + string.Join(' ', Session.VisitedAsins.Order(StringComparer.Ordinal));
            }

            return _observations.Count + _actions.Count == 0 ? key : string.Join('\n', [key, .. _observations, .. _actions]);
        }
    }

    /// <summary>
    /// Acts. The observation is the state of the original: the current page, and before it as much history as is asked for
    /// and there is, oldest first.
    /// </summary>
    /// <exception cref="ShopException">The original stops here with an error; nothing has changed.</exception>
    public ShopAnswer Step(string action)
    {
        var step = _site.Step(Session, action);
        (Session, LastActed) = (step.Session, step.Acted);
        var current = PageObservation.Of(Session, _options.Mode);
        Remember(_actions, action, _options.PreviousActions);

        List<string> newestFirst = [current];
        for (var back = 1; back <= Math.Max(_options.PreviousObservations, _options.PreviousActions); back++)
        {
            AddBack(newestFirst, _actions, back);
            AddBack(newestFirst, _observations, back);
        }

        Remember(_observations, current, _options.PreviousObservations);
        newestFirst.Reverse();
        return new(string.Join(PageObservation.Separator, newestFirst), step.Reward, step.Done);
    }

    /// <inheritdoc/>
    public IShopFront Fork() => new ShopBrowser(this);

    private static void Remember(List<string> history, string text, int most)
    {
        if (most > 0)
        {
            if (history.Count == most)
            {
                history.RemoveAt(0);
            }

            history.Add(text);
        }
    }

    private static void AddBack(List<string> result, List<string> history, int back)
    {
        if (back <= history.Count)
        {
            result.Add(history[^back]);
        }
    }
}
