using System.Text.Json;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Training.Endpoints;

namespace RroDashboard.Training.Tests.Endpoints;

/// <summary>Whole explorations against a real small HTTP server on this machine.</summary>
public sealed class EndpointRunTests : IDisposable
{
    private readonly CompletionServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public void Run_SeededServer_MakesALedgerThatCanBeDecidedAgain()
    {
        var (result, journal) = Explore();
        var budget = journal.Samples.OfType<BudgetReported>().Last().Budget;
        Assert.Empty(LedgerCheck.Of(journal.Facts, budget).Mismatches);
        Assert.Equal(3, result.Explore.Tasks);
        Assert.True(result.Explore.Pairs > 0 && result.Explore.Rollouts > 0);
        Assert.Equal(_server.Told, (budget.TokensPrefilled, budget.TokensGenerated));
        Assert.Equal(((2 * _server.Told.Read) + (10 * _server.Told.Written)) / 1e6, result.Cost, 9);
        Assert.Equal((result.Requests, 0L), ((long)_server.Asked.Count, result.Retries));
        Assert.Equal((result.Answers, 0L), (result.WithLogProb, result.WithTokenIds));
        Assert.All(journal.Facts.OfType<CandidateScored>(), c => Assert.Equal(-0.01 * c.Tokens, c.LogProb!.Value, 6));
        var started = Assert.Single(journal.Facts.OfType<RunStarted>());
        Assert.Equal((0, 0, $"tiny at {_server.Url}"), (started.Parameters, started.Vocabulary, started.Engine));
        Assert.Equal("", Assert.Single(journal.Facts.OfType<ExplorationStarted>()).PolicySha256);
        var told = Assert.Single(journal.Facts.OfType<AlertRaised>()).Text;
        Assert.Contains($"{result.Requests} requests, 0 of them sent again; {_server.Told.Read} tokens read, {_server.Told.Written} written", told, StringComparison.Ordinal);
        Assert.Contains($"token ids with 0 of {result.Answers}: pairs without them are kept in words", told, StringComparison.Ordinal);

        // Nothing of the order depends on how long the answers took.
        Assert.Equal(result.LedgerSha256, Explore().Result.LedgerSha256);
    }

    [Fact]
    public void Run_Pairs_AreConversationsForTrl()
    {
        var (_, journal) = Explore();
        var pair = journal.Facts.OfType<PairCreated>().First(p => p.Pair.Step == 1).Pair;
        var read = TrlPair.Parse(TrlLines.Of(pair, [], exact: true));
        Assert.Null(read.PromptIds);
        Assert.Equal(["user", "assistant", "user"], read.Prompt.Select(t => t.Role));
        Assert.Contains("Task: ", read.Prompt[0].Content, StringComparison.Ordinal);
        Assert.StartsWith("Thought: turn 1.\nAction: search[", read.Prompt[1].Content, StringComparison.Ordinal);
        Assert.Equal(pair.Chosen, ReActDialogue.ActionIn(read.Chosen, "]"));
        Assert.Equal(pair.Rejected, ReActDialogue.ActionIn(read.Rejected, "]"));
        Assert.True(pair.ChosenValue.Mean > pair.RejectedValue.Mean);
        Assert.Equal((read.Rejected, read.Chosen), (pair.Flipped().Words!.Chosen, pair.Flipped().Words!.Rejected));
        // Kept with the run's other facts, and read back.
        var stored = JsonSerializer.Deserialize<RunEvent>(JsonSerializer.Serialize<RunEvent>(new PairCreated(0, pair)));
        Assert.Equal(PairSet.Identity(pair), PairSet.Identity(Assert.IsType<PairCreated>(stored).Pair));
    }

    [Fact]
    public void Run_ServerThatSaysTokenIds_KeepsThemExactly()
    {
        (_server.TokenIds, _server.LogProbs) = (true, false);
        var (result, journal) = Explore("Endpoint.TokenIds=true");
        Assert.Equal(result.Answers, result.WithTokenIds);
        Assert.Contains(_server.Asked, body => body.Contains("\"return_token_ids\":true", StringComparison.Ordinal));
        Assert.All(journal.Facts.OfType<CandidateScored>(), c => Assert.Null(c.LogProb));
        foreach (var pair in journal.Facts.OfType<PairCreated>().Select(p => p.Pair))
        {
            Assert.Equal(string.Concat(pair.Words!.Prompt.Select(t => t.Content)), string.Concat(pair.HistoryTokens.Select(id => (char)id)));
            Assert.Equal(pair.Words.Chosen, string.Concat(pair.ChosenTokens.Select(id => (char)id)));
            Assert.Equal(pair.RejectedTokens, TrlPair.Parse(TrlLines.Of(pair, [], exact: true)).RejectedIds);
        }
    }

    [Fact]
    public void Run_BusyBrokenSlowServer_EndsWithTheSameLedger()
    {
        var calm = Explore().Result;
        var asked = _server.Asked.Count;
        _server.Trouble = n => ((n - asked) % 17) switch
        {
            2 => new Trouble(429, "busy", default),
            4 => new Trouble(500, "out of memory", default),
            6 => new Trouble(null, "<html>a proxy's page", default),
            8 => new Trouble(null, "", TimeSpan.FromSeconds(1)),
            9 => new Trouble(null, """{"choices": [{"message": {"content": 5}}]}""", default),
            _ => null,
        };
        var rough = Explore("Endpoint.TimeoutSeconds=0.3", "Explore.Tasks=2").Result;
        _server.Trouble = _ => null;
        Assert.True(rough.Retries > 5);
        Assert.Equal(Explore("Explore.Tasks=2").Result.Explore.Pairs, rough.Explore.Pairs);
        Assert.Equal(Explore("Explore.Tasks=2").Result.LedgerSha256, rough.LedgerSha256);
        Assert.NotEqual(calm.LedgerSha256, rough.LedgerSha256);
    }

    [Fact]
    public void Run_ServerThatDies_SaysWhatItCostAndGoesOnFromFinishedWalks()
    {
        var whole = Explore("Endpoint.AtOnce=2").Journal.Facts.Where(LedgerHash.Covers).Select(f => JsonSerializer.Serialize<RunEvent>(f)).ToHashSet();
        var asked = _server.Asked.Count;
        _server.Trouble = n => n - asked > 90 ? new Trouble(500, "gone", default) : null;
        var broken = new TestJournal();
        var refusal = Assert.Throws<EndpointException>(() => Explore(broken, null, "Endpoint.AtOnce=2", "Endpoint.Attempts=2"));
        Assert.Contains("gave no answer in 2 tries; the last time it answered 500: gone", refusal.Message, StringComparison.Ordinal);
        Assert.Matches(@"9\d requests, [1-9] of them sent again", Assert.Single(broken.Facts.OfType<AlertRaised>()).Text);
        var done = broken.Facts.OfType<TaskFinished>().Count();
        Assert.InRange(done, 1, 2);

        _server.Trouble = _ => null;
        var rest = new TestJournal();
        var past = new RunPast(broken.Facts, broken.Samples.OfType<BudgetReported>().Last().Budget);
        var result = Explore(rest, past, "Endpoint.AtOnce=2", "Endpoint.Attempts=2");
        Assert.Equal(3 - done, rest.Facts.OfType<TaskFinished>().Count());
        Assert.Equal(3, result.Explore.Tasks);
        var both = past.Facts.Concat(rest.Facts).Where(f => LedgerHash.Covers(f) && f is not PairCreated).Select(f => JsonSerializer.Serialize<RunEvent>(f)).ToHashSet();
        Assert.Equal(whole.Where(f => !f.Contains("\"pairCreated\"", StringComparison.Ordinal)).Order(StringComparer.Ordinal), both.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Run_Stopped_EndsBetweenTwoActions()
    {
        using var stop = new CancellationTokenSource();
        _server.Trouble = n =>
        {
            if (n == 20)
            {
                stop.Cancel();
            }

            return null;
        };
        var journal = new TestJournal();
        using var endpoint = Open(Plan());
        Assert.ThrowsAny<OperationCanceledException>(() => EndpointRun.Run(Plan(), endpoint, journal, TimeProvider.System, null, stop.Token));
        Assert.DoesNotContain(journal.Facts, f => f is StageFinished);
        Assert.InRange(_server.Asked.Count, 20, 40);
    }

    [Fact]
    public void TrainingRun_PlanWithAnEndpoint_IsRefused() => Assert.Contains(
        "names a model whose weights are not here, so it cannot be trained",
        Assert.Throws<PlanException>(() => new TrainingRun(Plan(), "", new TestJournal(), TimeProvider.System, CancellationToken.None)).Message, StringComparison.Ordinal);

    private (EndpointExploration Result, TestJournal Journal) Explore(params string[] settings)
    {
        var journal = new TestJournal();
        return (Explore(journal, null, settings), journal);
    }

    private EndpointExploration Explore(TestJournal journal, RunPast? past, params string[] settings)
    {
        var plan = Plan(settings);
        using var endpoint = Open(plan);
        return EndpointRun.Run(plan, endpoint, journal, TimeProvider.System, past, CancellationToken.None);
    }

    private static ChatEndpoint Open(RunPlan plan) => new(EndpointOptions.Of(plan.Endpoint, "") with { FirstPause = TimeSpan.FromMilliseconds(2) }, TimeProvider.System);

    private RunPlan Plan(params string[] settings)
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan, [$"Endpoint.Url={_server.Url}", "Endpoint.Model=tiny", "Endpoint.InputPrice=2", "Endpoint.OutputPrice=10", "Explore.Tasks=3", "Environment.MaxSteps=5", .. settings]);
        return plan;
    }
}
