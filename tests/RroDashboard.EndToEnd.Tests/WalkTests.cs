using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Rewards;

namespace RroDashboard.EndToEnd.Tests;

public sealed class WalkTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Walk_FromTheFeed_ShowsEveryCandidateAndTheSentence(ColorScheme scheme)
    {
        var run = await fixture.Dashboard.EnqueueAsync(tasks: 6, pauseMs: 1);
        await fixture.Dashboard.WaitForEndAsync(run);
        await using var visitor = await fixture.VisitAsync(scheme);
        await visitor.GoAsync($"/runs/{run}");
        var page = visitor.Page;
        var sentence = await page.Locator("#feed-scroll li .verdict").First.TextContentAsync();
        await page.Locator("#feed-scroll li a.where").First.PressAsync("Enter");
        await page.Locator("#tree").WaitForAsync();

        // The newest step of the feed is the last of its walk.
        Assert.Equal(await page.Locator("#tree .tree-step").CountAsync(), await page.Locator("#tree .node.followed").CountAsync());
        await page.Locator("#tree .node.followed").Last.PressAsync("Enter");

        await page.Locator("#sentence").WaitForAsync();
        Assert.Equal(sentence, await page.Locator("#sentence").TextContentAsync());
        await page.AssertAccessibleAsync();
        Assert.Empty(visitor.Errors);
        if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"walk-{scheme}.png".ToLowerInvariant()) });
        }
    }

    [Fact]
    public async Task Tree_ByKeyboard_MovesAlongThePathAndOpensANodeThatBackCloses()
    {
        var run = await WriteAsync(steps: 3, candidates: 3);
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/0");
        var page = visitor.Page;

        // When the circuit takes over the page, what had the focus is made anew: begin again then.
        for (var attempt = 0; attempt < 10; attempt++)
        {
            await page.Locator("#tree [role=treeitem]").First.FocusAsync();
            await page.Keyboard.PressAsync("ArrowRight");
            await page.Keyboard.PressAsync("j");
            await page.Keyboard.PressAsync("ArrowLeft");
            if (await page.EvaluateAsync<bool>("document.activeElement?.dataset.step === '1'"))
            {
                break;
            }

            await page.WaitForTimeoutAsync(500);
        }

        await page.Keyboard.PressAsync("Enter");

        await page.GetByRole(AriaRole.Heading, new() { Name = "Step 1, candidate 2" }).WaitForAsync();
        Assert.EndsWith("?step=1&try=1", page.Url, StringComparison.Ordinal);
        await page.GoBackAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Why this and not that" }).WaitForAsync();
    }

    [Fact]
    public async Task Table_ByKeyboard_IsTheTreesTwin()
    {
        var run = await WriteAsync(steps: 3, candidates: 3);
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/0");
        var page = visitor.Page;
        await page.GetByRole(AriaRole.Link, new() { Name = "Table", Exact = true }).PressAsync("Enter");
        await page.Locator("#tree-table").WaitForAsync();

        Assert.Equal(9, await page.Locator("#tree-table tbody tr").CountAsync());
        await page.Locator("#tree-table [data-row]").First.FocusAsync();
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("Enter");

        await page.GetByRole(AriaRole.Heading, new() { Name = "Step 0, candidate 3" }).WaitForAsync();
        await page.AssertAccessibleAsync();
    }

    [Fact]
    public async Task Tree_TwoHundredStepsOfFiveCandidates_FoldsTheRest()
    {
        var run = await WriteAsync(steps: 200, candidates: 5);
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        // How long it takes is a benchmark's question (bench page).
        await visitor.GoAsync($"/runs/{run}/tasks/0");
        await page.Locator("#tree .node").First.WaitForAsync();

        Assert.InRange(await page.Locator("#tree .node").CountAsync(), 100, 200);
        Assert.Contains("160 more steps are folded, with 800 candidates", await page.Locator("#tree").TextContentAsync(), StringComparison.Ordinal);
        await visitor.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await page.Locator("#tree-deeper").PressAsync("Enter");
        await page.GetByText("40 steps before these are folded").WaitForAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/0?step=150&try=4");
        await page.GetByRole(AriaRole.Heading, new() { Name = "Step 150, candidate 5" }).WaitForAsync();
        Assert.Equal(1, await page.Locator("#tree [aria-selected='true']").CountAsync());
    }

    [Fact]
    public async Task Walk_WhileItGoesOn_GrowsByItself()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 1, candidates: 2, rollouts: 3, finish: false);
        });
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/0");
        Assert.Equal(2, await visitor.Page.Locator("#tree .node").CountAsync());

        await fixture.Dashboard.AddFactsAsync(run, journal => journal.Record(
            new CandidateScored(0, 1, 0, "click[ new ]", "", new Estimate([0.5]), null, false, false, 3, -1)));

        await visitor.Page.Locator("#tree .node.open").WaitForAsync();
        Assert.Contains("being tried", await visitor.Page.Locator("#tree").TextContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Walk_HostileTexts_AreShownAsTextInEveryView()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            foreach (var (text, task) in Explored.Hostile.Select((t, i) => (t, i)))
            {
                Explored.Walk(journal, task, steps: 1, candidates: 2, rollouts: 3, asked: text, action: (_, _) => text, observation: text);
            }
        });
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        foreach (var (text, task) in Explored.Hostile.Select((t, i) => (t, i)))
        {
            foreach (var query in new[] { "?step=0&try=0", "?view=table", "?view=player", "?view=trained", $"?view=beside&other={task}" })
            {
                await visitor.GoAsync($"/runs/{run}/tasks/{task}{query}");
                await page.Locator("#walk-page .asked").WaitForAsync();
                var shown = await page.Locator("#walk-page").TextContentAsync();
                Assert.Contains(text.Split(' ')[0], shown, StringComparison.Ordinal);
                Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
                Assert.Equal(0, await page.Locator("#walk-page :is(b, img, script)").CountAsync());
                Assert.InRange(shown!.Length, 0, 30_000);
                if (text.Length > 100_000 && query.Contains("step", StringComparison.Ordinal))
                {
                    Assert.Contains("2,000 of 1,000,009 characters shown", shown, StringComparison.Ordinal);
                }
            }
        }

        await visitor.GoAsync($"/runs/{run}/explore");
        Assert.Equal(Explored.Hostile.Count, await page.Locator("#walks tbody tr").CountAsync());
        Assert.Equal(0, await page.Locator("#explore :is(b, img, script)").CountAsync());
        Assert.DoesNotContain("owned", await page.TitleAsync(), StringComparison.Ordinal);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Walk_EveryViewInEveryLook_IsAccessibleAndDoesNotScrollSideways()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 2, candidates: 5, rollouts: 8, action: (step, attempt) => step == 0 ? "search[ red mug ]" : $"click[ b{attempt + 1} ]", observation: "results acme red mug $20 b1 iris mug $15 b2");
        });
        await using var visitor = await fixture.VisitAsync();
        foreach (var query in new[] { "", "?step=1&try=4", "?view=table", "?view=player&at=1", "?view=trained", "?view=beside&other=0" })
        {
            await visitor.GoAsync($"/runs/{run}/tasks/0{query}");
            await visitor.Page.AssertAccessibleInAsync([(ColorScheme.Light, 1440), (ColorScheme.Dark, 1440), (ColorScheme.Light, 320)]);
        }

        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Player_ByKeyboard_ShowsTheShopAndTheFirstDrop()
    {
        var plan = Presets.Create("demo");
        string[] actions = ["search[ red mug ]", "click[ b2 ]", "click[ blue ]", "click[ buy ]"];
        string[] answers = ["results acme red mug $20 b1 iris mug $15 b2", "item : red mug $15 ; color red blue", "ok blue", ""];
        double[] values = [0.6, 0.8, 0.4, 1];
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Estimate Value(double mean) => new([mean]);
            journal.Record(new TaskOpened(0, "train-0", "a red mug", Value(0.5)));
            for (var step = 0; step < 4; step++)
            {
                journal.Record(new CandidateScored(0, step, 0, actions[step], answers[step], Value(values[step]), null, false, false, 4, -1));
                journal.Record(new StepDecided(0, step, Value(step == 0 ? 0.5 : values[step - 1]), Value(values[step]), 0, actions[step], 1, StepVerdict.KeptBest, [CandidateAccount.NoRise]));
            }

            journal.Record(new TaskFinished(0, 4, 1));
        });
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/0?view=player");
        var page = visitor.Page;
        Assert.Contains("red mugsearched", await page.Locator(".search-box").TextContentAsync(), StringComparison.Ordinal);

        await page.Locator("#player [data-next]").FocusAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Locator(".hits li.pressed").WaitForAsync();
        Assert.Equal("b2 iris mug $15clicked", await page.Locator(".hits li.pressed").TextContentAsync());
        await page.Locator("#player-drop").PressAsync("Enter");
        await page.UntilAsync("location.search.includes('at=2')");
        Assert.Contains("blueclicked", await page.Locator(".screen .chip.pressed").TextContentAsync(), StringComparison.Ordinal);
        await page.AssertAccessibleAsync();
        await page.Locator("#player-speed").SelectOptionAsync("8");
        await page.Locator("#player-play").PressAsync("Enter");
        await page.UntilAsync("location.search.includes('at=3') && document.querySelector('#player-play').getAttribute('aria-pressed') === 'false'");
        await page.GetByText("The end.").WaitForAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Beside_AnotherWalk_MarksTheWordsThatDiffer()
    {
        var plan = Presets.Create("demo");
        var run = await fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps: 2, candidates: 1, rollouts: 2, action: (_, _) => "search[ red mug ]");
            Explored.Walk(journal, 1, steps: 3, candidates: 1, rollouts: 2, action: (_, _) => "search[ blue mug ]");
        });
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/0?view=beside");
        var page = visitor.Page;
        await page.Locator("#beside-other").FillAsync("1");
        await page.Locator("#beside-other").PressAsync("Enter");
        await page.Locator("#beside table").WaitForAsync();

        Assert.Equal(4, await page.Locator("#beside tbody tr").CountAsync());
        Assert.Equal(["red", "blue"], await page.Locator("#beside tbody tr").First.Locator("mark").AllTextContentsAsync());
        await page.AssertAccessibleAsync();
    }

    [Fact]
    public async Task Walk_NotOpened_SaysSo()
    {
        var run = await WriteAsync(steps: 1, candidates: 1);
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/99");

        await visitor.Page.GetByText("This run has not opened this task.").WaitForAsync();
    }

    private Task<string> WriteAsync(int steps, int candidates)
    {
        var plan = Presets.Create("demo");
        return fixture.Dashboard.WriteRunAsync(plan, journal =>
        {
            Explored.Begin(journal, plan);
            Explored.Walk(journal, 0, steps, candidates, rollouts: 8);
        });
    }
}
