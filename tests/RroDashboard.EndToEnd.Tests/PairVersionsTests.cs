using System.Text;
using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Review;
using RroDashboard.Data;
using RroDashboard.Web.Review;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>Versions of pairs in a real browser, on runs that are really trained: what people decide changes what is learned.</summary>
public sealed class PairVersionsTests(BrowserFixture fixture, PairVersionsTests.Trained trained) : IClassFixture<BrowserFixture>, IClassFixture<PairVersionsTests.Trained>
{
    [Fact]
    public async Task Versions_ExcludeUndoAndTrain_ShowWhatItDidToTheReward()
    {
        await using var visitor = await fixture.VisitAsync(dashboard: trained.Dashboard);
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?mingap=0.4&version=0");
        var all = await NumberAsync(page, "#version-counts div:nth-child(1) dd");

        // Everything that the filter shows is left out, and taken back.
        await page.Locator("#exclude-all").PressAsync("Enter");
        await page.UntilAsync("location.search.includes('version=') && !location.search.includes('version=0') && document.querySelector('#versions-title').textContent !== 'Version 0'");
        // Other tests make versions of the same run.
        var title = (await page.Locator("#versions-title").TextContentAsync())!;
        var version = title.Split(' ')[1];
        var left = await NumberAsync(page, "#version-counts div:nth-child(1) dd");
        Assert.InRange(left, 1, all - 1);
        Assert.Equal(all - left, await NumberAsync(page, "#version-counts div:nth-child(3) dd"));
        Assert.Contains("Excluded by filter: gap at least 0.4.", await page.Locator("#version-why").TextContentAsync(), StringComparison.Ordinal);
        Assert.All(await page.Locator("#pairs tbody tr").EvaluateAllAsync<string[]>("rows => rows.map(r => r.dataset.decision)"), d => Assert.Equal("Discarded", d));
        await page.Locator("#undo-version").PressAsync("Enter");
        await page.UntilAsync($"document.querySelector('#versions-title').textContent !== '{title}'");
        // The last that was not undone counts now.
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?mingap=0.4&version={version}");
        Assert.Equal($"{title} (undone)", await page.Locator("#versions-title").TextContentAsync());
        // Gone back to by its button it counts, until that is undone too.
        await page.Locator("#return-version").PressAsync("Enter");
        await page.UntilAsync($"document.querySelector('#versions-title').textContent === '{title}' && document.querySelector('#undo-version') && !document.querySelector('#return-version')");
        await page.Locator("#undo-version").PressAsync("Enter");
        await page.UntilAsync($"!document.querySelector('#versions-title').textContent.startsWith('{title}')");
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?mingap=0.4&version=0");
        Assert.Equal(all, await NumberAsync(page, "#version-counts div:nth-child(1) dd"));
        // The same again is the same version.
        await page.Locator("#exclude-all").PressAsync("Enter");
        await page.UntilAsync($"document.querySelector('#versions-title').textContent === '{title}'");
        await page.Locator("#changed-link").PressAsync("Enter");
        await page.UntilAsync("location.search.includes('changed=1')");
        Assert.Equal(all - left, await TotalAsync(page));

        // A run learns from it, and says where it comes from.
        await page.Locator("#train-version").PressAsync("Enter");
        await page.Locator("#taken").WaitForAsync();
        var run = new Uri(page.Url).Segments[^1];
        Assert.NotEqual(trained.Run, run);
        await trained.Dashboard.WaitForEndAsync(run);
        Assert.Contains($"version {version} of the pairs of run {trained.Run}", await page.Locator("#taken").TextContentAsync(), StringComparison.Ordinal);

        // What it did to held-out reward, with an interval.
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?version={version}");
        var row = await page.Locator("#effects tbody tr").First.TextContentAsync();
        Assert.Matches(@"[+−]?\d\.\d{3} \[[+−]?\d\.\d{3}, [+−]?\d\.\d{3}\]", row!);
        Assert.Matches("▲ better|▼ worse|≈ may be noise", row!);
        Assert.Contains($"version {version}", await page.Locator("#effect-sentence").TextContentAsync(), StringComparison.OrdinalIgnoreCase);
        // Asked for again, it is the run that is there.
        await page.Locator("#train-version").PressAsync("Enter");
        await page.UntilAsync($"location.pathname === '/runs/{run}'");
        // Its own pairs are those of the version.
        await visitor.GoAsync($"/runs/{run}/pairs");
        Assert.Equal(left, await TotalAsync(page));
        Assert.Empty(visitor.Errors);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1440)]
    [InlineData(ColorScheme.Dark, 320)]
    public async Task Versions_FlipByHand_SaysThatPeopleOverruledAndIsAccessible(ColorScheme scheme, int width)
    {
        await using var visitor = await fixture.VisitAsync(scheme, width, dashboard: trained.Dashboard);
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?version=0&pair=0");
        var chosen = await page.Locator("#pair .side-rise .mono").First.TextContentAsync();

        await page.Locator("#decide-flip").PressAsync("Enter");
        await page.Locator("#pair").GetByText("People overruled the process reward").WaitForAsync();

        Assert.Equal(chosen, await page.Locator("#pair .side-fall .mono").First.TextContentAsync());
        Assert.Contains("⇄ flipped", await page.Locator("#pairs tbody tr[data-decision='Flipped']").First.TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("☺ human", await page.Locator("#pairs tbody tr[data-decision='Flipped']").First.TextContentAsync(), StringComparison.Ordinal);
        await page.AssertAccessibleAsync();
        // An older version has a button that goes back to it, and it fits.
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?version=0");
        await page.Locator("#return-version").WaitForAsync();
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        Assert.Empty(visitor.Errors);
        if (Environment.GetEnvironmentVariable("RRO_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"versions-{scheme}.png".ToLowerInvariant()), FullPage = true });
        }
    }

    [Fact]
    public async Task BetterAction_WrittenForAStep_IsExecutedAndAdded()
    {
        await using var visitor = await fixture.VisitAsync(dashboard: trained.Dashboard);
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?version=0&pair={trained.FirstStepPair}");
        await page.Locator("#better > summary").PressAsync("Enter");

        await page.Locator("#better-action").FillAsync("search[ zeppelin ]");
        await page.Locator("#better-action").PressAsync("Enter");
        await page.Locator("#better-refusal").WaitForAsync();
        Assert.Contains("the word 'zeppelin' of the better action is not in the run's vocabulary", await page.Locator("#better-refusal").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#better-action").FillAsync("search[ shirt ]");
        await page.Locator("#better-action").PressAsync("Enter");
        await page.Locator("#better-answer").WaitForAsync();
        Assert.Contains("It can be done here.", await page.Locator("#better-answer").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#better-add").PressAsync("Enter");
        await page.Locator("#pairs tbody tr[data-decision='Added']").WaitForAsync();

        var row = await page.Locator("#pairs tbody tr[data-decision='Added']").TextContentAsync();
        Assert.Contains("search[ shirt ]", row, StringComparison.Ordinal);
        Assert.Contains("✎ edited", row, StringComparison.Ordinal);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Import_FileOfPairs_IsAddedOnceAndAWrongOneIsRefusedByLine()
    {
        await using var visitor = await fixture.VisitAsync(dashboard: trained.Dashboard);
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?version=0&decision=added");
        const string Good = """{"prompt":[{"role":"user","content":"shirt"}],"chosen":[{"role":"assistant","content":"search[ shirt ]"}],"rejected":[{"role":"assistant","content":"search[ blue ]"}]}""";

        await page.Locator("#import-file").SetInputFilesAsync(File(Good + "\n{}\n"));
        await page.Locator("#import-said").WaitForAsync();
        Assert.Contains("Line 2 of the file is not taken, and so none is", await page.Locator("#import-said").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#import-file").SetInputFilesAsync(File(Good + "\n"));
        await page.GetByText("1 of 1 pairs were added").WaitForAsync();
        await page.Locator("#pairs tbody tr[data-decision='Added']").WaitForAsync();

        Assert.Contains("⇥ imported", await page.Locator("#pairs tbody tr[data-decision='Added']").TextContentAsync(), StringComparison.Ordinal);
        Assert.Contains("not valued", await page.Locator("#pairs tbody tr[data-decision='Added']").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#import-file").SetInputFilesAsync(File(Good + "\n"));
        await page.GetByText("Nothing changed: all 1 pairs").WaitForAsync();
        Assert.Empty(visitor.Errors);

        static FilePayload File(string text) => new() { Name = "foreign.jsonl", MimeType = "application/jsonl", Buffer = Encoding.UTF8.GetBytes(text) };
    }

    [Fact]
    public async Task QueueLabels_PreviewedAndApplied_MakeAVersion()
    {
        var (reviewer, store) = (new Reviewer("ann", "Ann"), trained.Dashboard.Get<ReviewStore>());
        var queue = await trained.Dashboard.Get<ReviewDesk>().CreateAsync(new NewReviewQueue(trained.Run, ReviewKind.Verdict, "Which?", MaxItems: 4), reviewer, "queue", CancellationToken.None);
        for (var i = 0; i < 3; i++)
        {
            var item = (await store.NextAsync(queue, reviewer, CancellationToken.None))!.Value;
            await store.SubmitAsync(queue, item, reviewer, new ReviewContent([i]), 0, 1, "page", CancellationToken.None);
        }

        await using var visitor = await fixture.VisitAsync(dashboard: trained.Dashboard);
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{trained.Run}/pairs?version=0");
        await page.Locator("#queue-labels > summary").PressAsync("Enter");
        await page.Locator("#preview-labels").PressAsync("Enter");
        await page.Locator("#labels-preview").WaitForAsync();
        Assert.Equal(["1", "1", "1"], (await page.Locator("#labels-preview dd").AllTextContentsAsync()).Take(3));
        Assert.Contains("1 not complete", await page.Locator("#labels-preview").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator("#apply-labels").PressAsync("Enter");
        await page.GetByText("Labels of queue 'Which?': 1 kept, 1 flipped, 1 discarded, 0 added.").WaitForAsync();

        await visitor.GoAsync(new Uri(page.Url).PathAndQuery + "&source=human");
        Assert.Equal(["Discarded", "Flipped", "Kept"], (await page.Locator("#pairs tbody tr").EvaluateAllAsync<string[]>("rows => rows.map(r => r.dataset.decision)")).Order(StringComparer.Ordinal));
        Assert.Empty(visitor.Errors);
    }

    private static async Task<int> NumberAsync(IPage page, string selector) =>
        await page.EvaluateAsync<int>($"parseInt(document.querySelector('{selector}').firstChild.textContent.replaceAll(',', ''))");

    // "1 to 25 of 31 that fit, 40 in all"
    private static async Task<int> TotalAsync(IPage page) =>
        await page.EvaluateAsync<int>("parseInt(document.querySelector('#pairs-count').textContent.match(/ of ([0-9,]+)/)[1].replaceAll(',', ''))");

    /// <summary>A dashboard with real training and one run, shared by the tests.</summary>
    public sealed class Trained : IAsyncLifetime
    {
        internal DashboardUnderTest Dashboard { get; } = new(realTraining: true);

        internal string Run { get; private set; } = "";

        internal int FirstStepPair { get; private set; }

        public async Task InitializeAsync()
        {
            await Dashboard.StartAsync();
            var plan = Presets.Create("smoke");
            PlanSettings.Apply(plan, ["Explore.Tasks=12", "Guard.Every=0"]);
            Run = await Dashboard.EnqueueAsync(plan);
            await Dashboard.WaitForEndAsync(Run);
            FirstStepPair = (await Dashboard.Get<RunQueries>().AllAsync<PairCreated>(Run, CancellationToken.None)).First(p => p.Pair.Step == 0).Index;
        }

        public async Task DisposeAsync() => await Dashboard.DisposeAsync();
    }
}
