using System.Text.RegularExpressions;

namespace RroDashboard.Environments.InterCodeSql;

/// <summary>One turn.</summary>
/// <param name="Role">"user" or "assistant".</param>
/// <param name="Content">Its text.</param>
public sealed record SqlMessage(string Role, string Content);

/// <summary>
/// The dialogue in which IPR trains on InterCode-SQL (environments.md B6): instruction, "OK", one example, the question; then thoughts and
/// statements, answered by results cut to 350 characters. The texts are those of the original, because a policy trained on them knows no others.
/// </summary>
public sealed partial class IprConversation
{
    /// <summary>Answers after which it ends without a submission.</summary>
    public const int DefaultMaxSteps = 10;

    /// <summary>Characters of a result that are shown.</summary>
    public const int MaxObservationLength = 350;

    /// <summary>Reply to what is no action.</summary>
    public const string InvalidFormat =
        "I don't understand your input.\n Your input shoud include the key world \"Action:\".\n If you want to perform a query operation, please use the following format:\n Action: \n"
        + "```sql\nthe mysql code\n```. And the action should be executable and should not contain natural language.\n If you have got the final answer, please use the following format:\n Action: submit. Remember your output should contain "
        + "only one \"Action:\" part.";

    /// <summary>Opening turns, the same for every task.</summary>
    public static IReadOnlyList<SqlMessage> Opening { get; } =
    [
        new(User,
            "You are a helpful assistant assigned with the task of problem-solving. To achieve this, you will interact with a MySQL Database system using SQL queries to answer a question.\n"
            + "At each turn, you should first provide your step-by-step thinking for solving the task. Your thought process should start with \"Thought: \", for example: Thought: I should write a SQL "
            + "query that gets the average GNP and total population from nations whose government is US territory.\nAfter that, you have two options:\n1) Interact with a mysql programming "
            + "environment and receive the corresponding output. Your code should start with \"Action: \" and should be surrounded with ```sql ``` tag, for example: Action: \\n```sql\\nSELECT AVG(GNP), "
            + "SUM(population) FROM nations WHERE government = 'US Territory'\\n```\n2) Directly submit the result, for example: Action: submit.\nYou should use this format: \"Thought: your "
            + "thought\\nAction: \\n```sql\\n<the mysql command>\\n```\". You will receive the corresponding output for your sql command.\nYour output should contain only one \"Action\" part.\n"
            + "The \"Action\" part should be executed with a mysql interpreter or propose an answer. Any natural language in it should be commented out.\n"
            + "The SQL query and submit parts can not appear in your output simutaneously."),
        new(Assistant, "OK"),
        new(User, "What is the average GNP and total population in all nations whose government is US territory?"),
        new(Assistant,
            "Thought: I should write a SQL query that gets the average GNP and total population from nations whose government is US territory.\nAction: \n"
            + "```sql\nSELECT AVG(GNP), SUM(population) FROM nations WHERE government = 'US Territory'\n```"),
        new(User, "Observation: Error executing query: Table 'world_1.nations' doesn't exist"),
        new(Assistant, "Thought: The `nations` table I used in the SQL query does not exist. I should check what tables exist.\nAction: \n```sql\nSHOW TABLES\n```"),
        new(User, "Observation: [('city',), ('country',), ('countrylanguage',)]"),
        new(Assistant,
            "Thought: There are three tables. I can try writing a query using the `country` table since the question is asking\nabout countries.\nAction: \n"
            + "```sql\nSELECT AVG(GNP), SUM(population) FROM country WHERE governmentform = 'US Territory'\n```"),
        new(User, "Observation: [(510.333333, Decimal('329000'))]"),
        new(Assistant, "Thought: The code executed successfully without any errors and produced the expected output. I can now submit the solution.\nAction: submit."),
    ];

    private const string User = "user";
    private const string Assistant = "assistant";

    private readonly ISqlTask _task;
    private readonly List<SqlMessage> _history;

    /// <summary>A conversation before the agent's first answer.</summary>
    public IprConversation(ISqlTask task, int maxSteps = DefaultMaxSteps)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxSteps, 1);
        (_task, MaxSteps) = (task, maxSteps);
        _history = [.. Opening, new(User, task.Question)];
    }

    /// <summary>Answers after which it ends.</summary>
    public int MaxSteps { get; }

    /// <summary>All turns so far.</summary>
    public IReadOnlyList<SqlMessage> History => _history;

    /// <summary>Answers so far.</summary>
    public int Steps { get; private set; }

    /// <summary>Null until submitted or at the step limit; may be negative.</summary>
    public double? Reward { get; private set; }

    /// <summary>Nothing more can be said.</summary>
    public bool Finished { get; private set; }

    /// <summary>The answer was exactly right.</summary>
    public bool Success { get; private set; }

    /// <summary>"success", "Error answer.", "max_steps", or null while not finished.</summary>
    public string? TerminateReason { get; private set; }

    /// <summary>The statement or "submit" in an answer; null where there is none. "submit" anywhere in the action submits.</summary>
    public static string? ParseAction(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (Action().Match(answer.Trim()) is not { Success: true } found)
        {
            return null;
        }

        var action = found.Groups["code"].Value;
        if (action.Contains(InterCodeLoop.Submit, StringComparison.Ordinal))
        {
            return InterCodeLoop.Submit;
        }

        // Of a statement over several lines only the first is executed.
        var statement = SqlFence().Match(action) is { Success: true } fence ? fence.Groups["code"].Value.Trim().Split('\n')[0] : "";
        return statement.Length == 0 ? null : statement;
    }

    /// <summary>The agent answers; gives the user's reply.</summary>
    /// <exception cref="InvalidOperationException">The conversation is finished.</exception>
    public string Step(string answer)
    {
        if (Finished)
        {
            throw new InvalidOperationException($"the conversation ended ({TerminateReason}) after {Steps} steps; start another");
        }

        var action = ParseAction(answer);
        var step = action is null ? null : _task.Step(action);
        var reply = "Observation: " + (step is null ? InvalidFormat : Shown(step));
        _history.Add(new(Assistant, answer));
        _history.Add(new(User, reply));
        Steps++;
        if (step is { Done: true })
        {
            (Finished, Reward, Success) = (true, step.Reward, step.Reward == 1);
            TerminateReason = Success ? "success" : "Error answer.";
        }
        else if (Steps >= MaxSteps)
        {
            (Finished, Reward, TerminateReason) = (true, 0, "max_steps");
        }

        return reply;
    }

    private static string Shown(LoopStep step)
    {
        // A statement without a result set raises in the original and is answered as no action.
        if (step is { Observation: "None", Done: false })
        {
            return InvalidFormat;
        }

        var text = step.Observation.Contains("Error", StringComparison.Ordinal) && !step.Observation.Contains("Unknown", StringComparison.Ordinal)
            ? step.Observation + "\n" : step.Observation;
        return text.Length > MaxObservationLength ? text[..MaxObservationLength] + "..." : text;
    }

    [GeneratedRegex(@"Action:\s?(?<code>.*)", RegexOptions.Singleline)]
    private static partial Regex Action();

    [GeneratedRegex("```sql(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex SqlFence();
}
