namespace RroDashboard.Environments.WebShop;

/// <summary>Whose training code the conversation follows.</summary>
public enum ConversationStyle
{
    /// <summary>ETO (Song et al., 2024): only a purchase pays.</summary>
    Eto,

    /// <summary>IPR (Xiong et al., 2024): what the site pays for a step is kept, even at the step limit.</summary>
    Ipr,
}

/// <summary>One turn.</summary>
/// <param name="Role">"user" or "assistant".</param>
/// <param name="Content">Its text.</param>
public sealed record ShopMessage(string Role, string Content);

/// <summary>
/// The dialogue in which ETO and IPR train on WebShop (environments.md A10): the instruction, "OK", an example if there is
/// one, the first page; then thoughts and actions, answered by pages. Ends with a purchase or at the step limit.
/// </summary>
public sealed class ShopConversation
{
    /// <summary>Steps in ETO's and IPR's runs; an answer without an action counts as one.</summary>
    public const int DefaultMaxSteps = 10;

    /// <summary>What an answer has to contain.</summary>
    public const string ActionMark = "Action: ";

    /// <summary>Reply to an answer without it.</summary>
    public const string InvalidFormat = "Observation: Invalid format. The input must contains 'Action: '";

    /// <summary>First message of the user, the same for every task.</summary>
    public const string Instruction =
        """
        You are web shopping.
        I will give you instructions about what to do.
        You have to follow the instructions.
        Every round I will give you an observation and a list of available actions, you have to respond an action based on the state and instruction.
        You can use search action if search is available.
        You can click one of the buttons in clickables.
        An action should be of the following structure:
        search[keywords]
        click[value]
        If the action is not valid, perform nothing.
        Keywords in search are up to you, but the value in click must be a value in the list of available actions.
        Remember that your keywords in search should be carefully designed.
        Your response should use the following format:

        Thought: I think ...
        Action: click[something]
        """;

    private const string User = "user";
    private const string Assistant = "assistant";

    private readonly IShopFront _front;
    private readonly ConversationStyle _style;
    private readonly List<ShopMessage> _history;

    /// <summary>A conversation before the agent's first answer.</summary>
    /// <param name="front">The task; the conversation acts on it from now on.</param>
    /// <param name="style">Which rewards are kept.</param>
    /// <param name="workedExample">Turns of an example, user first; ETO has one, IPR none. Null for none.</param>
    /// <param name="maxSteps">At least 1.</param>
    public ShopConversation(
        IShopFront front, ConversationStyle style, IReadOnlyList<ShopMessage>? workedExample = null, int maxSteps = DefaultMaxSteps)
    {
        ArgumentNullException.ThrowIfNull(front);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSteps, 1);
        _front = front;
        _style = style;
        MaxSteps = maxSteps;
        _history = [new(User, Instruction), new(Assistant, "OK"), .. workedExample ?? [], new(User, front.Start)];
    }

    private ShopConversation(ShopConversation other)
    {
        (_front, _style, _history, MaxSteps) = (other._front.Fork(), other._style, [.. other._history], other.MaxSteps);
        (Steps, Reward, Finished, Success, TerminateReason) =
            (other.Steps, other.Reward, other.Finished, other.Success, other.TerminateReason);
    }

    /// <summary>Answers after which it ends without a purchase.</summary>
    public int MaxSteps { get; }

    /// <summary>All turns so far.</summary>
    public IReadOnlyList<ShopMessage> History => _history;

    /// <summary>Answers so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Null until something sets it: an answer without an action and the step limit 0, a purchase its score.</summary>
    public double? Reward { get; private set; }

    /// <summary>Nothing more can be said.</summary>
    public bool Finished { get; private set; }

    /// <summary>Something was bought, however bad.</summary>
    public bool Success { get; private set; }

    /// <summary>"success", "max_steps", or null while not finished.</summary>
    public string? TerminateReason { get; private set; }

    /// <summary>
    /// The action of an answer: everything after the first "Action: " of the stripped text, more lines included; null where
    /// there is none.
    /// </summary>
    public static string? ParseAction(string answer)
    {
        var text = ShopText.Strip(answer);
        var at = text.IndexOf(ActionMark, StringComparison.Ordinal);
        return at < 0 ? null : text[(at + ActionMark.Length)..];
    }

    /// <summary>The agent answers; gives the user's reply.</summary>
    /// <exception cref="InvalidOperationException">The conversation is finished.</exception>
    /// <exception cref="ShopException">The original stops here with an error; nothing has changed.</exception>
    public string Step(string answer)
    {
        if (Finished)
        {
            throw new InvalidOperationException($"the conversation ended ({TerminateReason}) after {Steps} steps; start another");
        }

        var action = ParseAction(answer);
        ShopAnswer? page = action is null ? null : _front.Step(action);
        var reply = page is null ? InvalidFormat : "Observation:\n" + page.Value.Observation;
        _history.Add(new(Assistant, answer));
        _history.Add(new(User, reply));
        Steps++;
        if (page is null)
        {
            Reward = 0;
        }

        if (Steps >= MaxSteps)
        {
            (Finished, TerminateReason, Reward) = (true, "max_steps", 0);
        }

        if (page is { Done: true })
        {
            (Finished, Success, TerminateReason) = (true, true, "success");
        }

        if (page is { } paid && (paid.Done || _style == ConversationStyle.Ipr))
        {
            Reward = paid.Reward;
        }

        return reply;
    }

    /// <summary>An independent copy at this step.</summary>
    public ShopConversation Fork() => new(this);

    /// <summary>ETO's result of a test run: the sum of the rewards that are set, over the number of tasks; 0 for none.</summary>
    public static double AverageReward(IReadOnlyCollection<ShopConversation> conversations)
    {
        ArgumentNullException.ThrowIfNull(conversations);
        return conversations.Count == 0 ? 0 : conversations.Sum(c => c.Reward ?? 0) / conversations.Count;
    }
}
