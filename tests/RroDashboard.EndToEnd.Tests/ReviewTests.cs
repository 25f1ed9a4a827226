using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Core.Review;
using RroDashboard.Core.Rewards;
using RroDashboard.Data;
using RroDashboard.Web.Review;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>People at review queues: several at once, by keyboard, on a phone, and through a restart of the server.</summary>
public sealed class ReviewTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private const string Guidelines = "## What counts\n\nPrefer **what was asked for**.\n\n- no <b>markup</b> `b1`\n- see [here](javascript:alert(1)) and [there](/environments)";

    [Fact]
    public async Task Queue_TwoPeopleAtOnce_NoItemGoesToBothAndAnItemThatWasLeftComesBack()
    {
        var queue = await QueueAsync(fixture.Dashboard, items: 6);
        await using var ann = await PersonAsync("ann");
        await using var bob = await PersonAsync("bob");
        await Task.WhenAll(ann.GoAsync($"/review/{queue}"), bob.GoAsync($"/review/{queue}"));
        var (first, second) = (await ItemAsync(ann.Page), await ItemAsync(bob.Page));
        Assert.NotEqual(first, second);
        await ann.Page.GetByText("At it now: ann, bob").WaitForAsync();

        // Ann's browser goes away in the middle of her item; ten minutes later it is free again.
        await ann.DisposeAsync();
        for (var i = 0; i < 5; i++)
        {
            Assert.NotEqual(first, await ItemAsync(bob.Page));
            await AnswerAsync(bob.Page, i % 2 == 0 ? "a" : "b");
        }

        await bob.Page.Locator("#nothing-left").WaitForAsync();
        fixture.Dashboard.Clock.Shift += ReviewLimits.Hold + TimeSpan.FromSeconds(1);
        // On its way to "nothing left" the page looks once more by itself: it may have found the item before anybody presses the button.
        await bob.Page.EvaluateAsync("document.querySelector('#look-again')?.click()");
        Assert.Equal(first, await ItemAsync(bob.Page));
        await AnswerAsync(bob.Page, "e");
        await bob.Page.GetByText("Everything is answered").WaitForAsync();

        var labels = await fixture.Dashboard.Get<ReviewQueries>().LabelsAsync(queue, new Reviewer("", ""), default);
        Assert.Equal(6, labels.Count);
        Assert.Equal(6, labels.Select(l => l.Item.Id).Distinct().Count());
        Assert.All(labels, l => Assert.Equal("bob", l.Answer.Reviewer.Name));
        Assert.Empty(bob.Errors);
    }

    [Fact]
    public async Task Item_KeyboardOnly_IsAnsweredSkippedAndTakenBackAndTellsNothingBefore()
    {
        var queue = await QueueAsync(fixture.Dashboard, items: 4);
        await using var visitor = await PersonAsync("cleo");
        await visitor.GoAsync("/review");
        var page = visitor.Page;
        await page.TabToAsync($"[data-queue='{queue}'] th a");
        await page.Keyboard.PressAsync("Enter");
        var first = await ItemAsync(page);
        Assert.DoesNotContain("prefers", await page.Locator("#review-page").TextContentAsync(), StringComparison.Ordinal);

        await page.Keyboard.PressAsync("h");
        await page.GetByText("Everything before").WaitForAsync();
        await page.Keyboard.PressAsync("b");
        await page.UntilAsync("document.querySelector('input[data-review-key=\"b\"]').checked");
        await page.TabToAsync("#review-note");
        // Letters typed here are text and nothing else.
        await page.Keyboard.TypeAsync("seab 12");
        await page.Keyboard.PressAsync("Control+Enter");
        await page.GetByText($"Item {first}: you said B").WaitForAsync();
        Assert.Contains("The process reward prefers", await page.Locator("#last-answer").TextContentAsync(), StringComparison.Ordinal);
        var second = await ItemAsync(page);
        Assert.NotEqual(first, second);

        await page.Keyboard.PressAsync("s");
        await page.GetByText($"Item {second}: skipped").WaitForAsync();
        await page.Keyboard.PressAsync("u");
        await page.GetByRole(AriaRole.Heading, new() { Name = $"Item {second}", Exact = true }).WaitForAsync();
        await page.Keyboard.PressAsync("u");
        await page.GetByRole(AriaRole.Heading, new() { Name = $"Item {first}", Exact = true }).WaitForAsync();
        // What was written is there; what was chosen before the process reward was shown is not, and neither is what it prefers.
        Assert.Equal("seab 12", await page.Locator("#review-note").InputValueAsync());
        Assert.Equal(0, await page.Locator("[data-question] input:checked").CountAsync());
        Assert.DoesNotContain("prefers", await page.Locator("#review-page").TextContentAsync(), StringComparison.Ordinal);
        await page.Keyboard.PressAsync("x");
        await page.UntilAsync("document.querySelector('input[data-review-key=\"x\"]').checked");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText($"Item {first}: you said both bad").WaitForAsync();

        // Switched off, a letter does nothing; Enter still submits.
        await page.EvaluateAsync("localStorage.setItem('rro-shortcuts', 'off')");
        await page.Keyboard.PressAsync("a");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#review-problem").GetByText("Choose an answer first.").WaitForAsync();
        Assert.False(await page.Locator("input[data-review-key='a']").IsCheckedAsync());
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Item_OnAPhone_SwipesChooseASideAndButtonsDoTheSame()
    {
        var queue = await QueueAsync(fixture.Dashboard, items: 2);
        await using var visitor = await fixture.VisitAsync(width: 390, height: 844, person: "ina", touch: true);
        await visitor.GoAsync($"/review/{queue}");
        var page = visitor.Page;
        var first = await ItemAsync(page);

        await SwipeAsync(page, ".asked", -180, 10);
        await page.UntilAsync("document.querySelector('input[data-review-key=\"a\"]').checked");
        await SwipeAsync(page, ".asked", 180, 10);
        await page.UntilAsync("document.querySelector('input[data-review-key=\"b\"]').checked");
        // A finger that scrolls chooses nothing.
        await page.Locator(".asked").ScrollIntoViewIfNeededAsync();
        var top = await page.EvaluateAsync<double>("scrollY");
        await SwipeAsync(page, ".asked", -30, -150);
        await page.UntilAsync($"scrollY > {top.ToString(System.Globalization.CultureInfo.InvariantCulture)} + 50");
        Assert.True(await page.Locator("input[data-review-key='b']").IsCheckedAsync());
        await page.Locator("#submit").TapAsync();
        await page.GetByText($"Item {first}: you said B").WaitForAsync();

        // Without swiping.
        var second = await ItemAsync(page);
        await page.Locator(".review-option").First.TapAsync();
        await page.UntilAsync("document.querySelector('input[data-review-key=\"a\"]').checked");
        await page.Locator("#submit").TapAsync();
        await page.GetByText($"Item {second}: you said A").WaitForAsync();
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Score_KeyboardOnly_AnswersTheRubricAndTellsNothingBefore()
    {
        var queue = await ScoresAsync(fixture.Dashboard, items: 1);
        await using var visitor = await PersonAsync("jo");
        await visitor.GoAsync($"/review/{queue}");
        var page = visitor.Page;
        var first = await ItemAsync(page);
        await page.GetByRole(AriaRole.Group, new() { Name = "Does it help?" }).WaitForAsync();
        Assert.DoesNotContain("process reward:", await page.Locator("#review-page").TextContentAsync(), StringComparison.OrdinalIgnoreCase);

        await page.Keyboard.PressAsync("4");
        await page.UntilAsync("document.activeElement?.value === '4' && document.activeElement.checked");
        // Enter before the rubric is done says what is open, and the figure on the other question is chosen with the arrow and a digit.
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#review-problem").GetByText("open: Is it cheap?").WaitForAsync();
        await page.Locator("[data-question] input:checked").FocusAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await page.Keyboard.PressAsync("2");
        await page.UntilAsync("document.querySelectorAll('[data-question]')[1].querySelector('input:checked')?.value === '2'");
        // Said otherwise of the first after all.
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("5");
        await page.UntilAsync("document.querySelectorAll('[data-question]')[0].querySelector('input:checked')?.value === '5'");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText($"Item {first}: you said 5, 2").WaitForAsync();
        Assert.Contains("Its process reward:", await page.Locator("#last-answer").TextContentAsync(), StringComparison.Ordinal);
        var second = await ItemAsync(page);
        await page.Keyboard.PressAsync("s");
        await page.GetByText($"Item {second}: skipped").WaitForAsync();

        var label = Assert.Single(await fixture.Dashboard.Get<ReviewQueries>().LabelsAsync(queue, new Reviewer("", ""), default));
        Assert.Equal([5, 2], label.Answer.Content.Values);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Item_ServerRestarts_NothingTypedIsLost()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"rro-review-{Guid.NewGuid():N}");
        try
        {
            await using var before = new DashboardUnderTest(folder: folder);
            await before.StartAsync();
            var (url, queue) = (before.Url, await QueueAsync(before, items: 3));
            var visitor = await fixture.VisitAsync(dashboard: before);
            await visitor.GoAsync($"/review/{queue}");
            var page = visitor.Page;
            var item = await ItemAsync(page);
            await page.Keyboard.PressAsync("b");
            await page.Locator("#review-note").FillAsync("kept by the server");
            await page.Locator("#draft-state").GetByText("Kept.").WaitForAsync();

            await before.StopAsync();
            await page.Locator("#review-note").PressAsync("End");
            await page.Keyboard.TypeAsync(" and typed while it was away");
            await page.EvaluateAsync("() => { window.before = true; }");
            await using var after = new DashboardUnderTest(folder: folder);
            await after.StartAsync(url);

            await page.UntilAsync("!window.before && document.querySelector('#draft-state')?.textContent === 'Kept.' && document.querySelector('#review-note').value.endsWith('was away')");
            Assert.Equal(item, await ItemAsync(page));
            Assert.True(await page.Locator("input[data-review-key='b']").IsCheckedAsync());
            await page.Locator("#submit").ClickAsync();
            await page.GetByText($"Item {item}: you said B").WaitForAsync();
            var label = Assert.Single(await after.Get<ReviewQueries>().LabelsAsync(queue, new Reviewer("", ""), default));
            Assert.Equal("kept by the server and typed while it was away", label.Answer.Content.Note);
            await visitor.DisposeAsync();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Item_AnsweredElsewhereMeanwhile_IsTold()
    {
        var queue = await QueueAsync(fixture.Dashboard, items: 2);
        await using var visitor = await PersonAsync("dora");
        await visitor.GoAsync($"/review/{queue}");
        var page = visitor.Page;
        var item = await ItemAsync(page);
        await page.Keyboard.PressAsync("a");
        await page.Locator("#draft-state").GetByText("Kept.").WaitForAsync();
        var (queries, dora) = (fixture.Dashboard.Get<ReviewQueries>(), await Web.Tests.TestPeople.FindAsync(fixture.Dashboard.Get<AccountStore>(), "dora"));
        var row = (await queries.ItemsAsync(queue, dora, 0, 10, default)).Single(r => (r.Position + 1).ToString(System.Globalization.CultureInfo.InvariantCulture) == item);
        var version = (await queries.ItemAsync(queue, row.Id, dora, default))!.Version;
        await fixture.Dashboard.Get<ReviewStore>().SubmitAsync(queue, row.Id, dora, new ReviewContent([2]), version, 1, "api", default);

        await page.Keyboard.PressAsync("Enter");

        await page.Locator("#review-problem").GetByText("through the API").WaitForAsync();
        Assert.Equal(2, (await queries.ItemAsync(queue, row.Id, dora, default))!.Own!.Content.Values[0]);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Your answer" }).WaitForAsync();
    }

    [Fact]
    public async Task Pages_BothThemesAndAPhone_AreAccessible()
    {
        var queue = await QueueAsync(fixture.Dashboard, items: 5, required: 2, answered: true);
        await using var visitor = await PersonAsync("eve");
        var page = visitor.Page;
        foreach (var (path, name) in new[] { ("/review", "reviews"), ("/review?new=any", "new"), ($"/review/{queue}", "item"), ($"/review/{queue}/agreement", "agreement") })
        {
            await visitor.GoAsync(path);
            if (name == "item")
            {
                await ItemAsync(page);
                await page.Locator(".shop").First.WaitForAsync();
                // Nothing of the guidelines is markup or leads where it must not.
                Assert.Equal(0, await page.Locator(".markdown b, .markdown a[href^='javascript']").CountAsync());
                Assert.Equal(1, await page.Locator(".markdown a[href='/environments']").CountAsync());
                await page.GetByRole(AriaRole.Radio, new() { Name = "A", Exact = false }).First.WaitForAsync();
                await page.GetByRole(AriaRole.Group, new() { Name = "Which action is better?" }).WaitForAsync();
                await page.GetByRole(AriaRole.Textbox, new() { Name = "Note (not needed)" }).WaitForAsync();
            }

            if (name == "agreement")
            {
                await page.GetByText("under 30 these figures").WaitForAsync();
                Assert.Contains("Cohen's kappa", await page.Locator("#agreement-page").TextContentAsync(), StringComparison.Ordinal);
            }

            await page.AssertAccessibleInAsync([(ColorScheme.Light, 1440), (ColorScheme.Dark, 1440), (ColorScheme.Dark, 390), (ColorScheme.Light, 320)], $"review-{name}");
            foreach (var control in await page.Locator(".review-option, #submit, #skip").AllAsync())
            {
                Assert.True((await control.BoundingBoxAsync())!.Height >= 44); // Of the phone: a thumb needs it.
            }
        }

        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Form_FromThePairsOfARun_MakesAQueueAndAConflictIsDecidedByName()
    {
        var run = await RunAsync(fixture.Dashboard, items: 2);
        await using var visitor = await PersonAsync("fay");
        var page = visitor.Page;
        await visitor.GoAsync($"/runs/{run}/pairs");
        await page.Locator("#make-review").ClickAsync();
        await page.Locator("#q-title").FillAsync("Two answers");
        await page.Locator("#q-answers").FillAsync("2");
        await page.Locator("#make-queue").ClickAsync();
        await ItemAsync(page);
        var queue = new Uri(page.Url).AbsolutePath.Split('/')[^1];
        await AnswerAsync(page, "e");
        await AnswerAsync(page, "e");
        var (store, gus) = (fixture.Dashboard.Get<ReviewStore>(), new Reviewer("id-gus", "gus"));
        while (await store.NextAsync(queue, gus, default) is { } item)
        {
            await store.SubmitAsync(queue, item, gus, new ReviewContent([1], "<i>gus</i> disagrees"), 0, 1, "api", default);
        }

        await visitor.GoAsync($"/review/{queue}/agreement");
        Assert.Equal(2, await page.Locator("[data-conflict]").CountAsync());
        await page.Locator("[data-conflict='0'] select").SelectOptionAsync("1");
        await page.Locator("[data-conflict='0'] [data-decide]").ClickAsync();

        await page.Locator("[data-conflict='0']").GetByText("Decided by").GetByText("fay").WaitForAsync();
        var decisions = await fixture.Dashboard.Get<ReviewDecisions>().OfQueueAsync(queue, default);
        Assert.Equal(PairVerdict.Flip, Assert.Single(decisions.Decided).Decision);
        Assert.Equal(1, decisions.Undecided);
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Note_TooLong_IsRefusedPolitelyAndWhatStoodThereStays()
    {
        var queue = await QueueAsync(fixture.Dashboard, items: 1);
        await using var visitor = await PersonAsync("hal");
        await visitor.GoAsync($"/review/{queue}");
        var page = visitor.Page;
        await ItemAsync(page);
        await page.Locator("#review-note").FillAsync("short");
        await page.Locator("#draft-state").GetByText("Kept.").WaitForAsync();

        await page.Locator("#review-note").FillAsync(new string('é', 40_000));

        await page.GetByText("80,000 bytes").WaitForAsync();
        Assert.Equal("short", await page.Locator("#review-note").InputValueAsync());
        await AnswerAsync(page, "a");
        Assert.Equal("short", Assert.Single(await fixture.Dashboard.Get<ReviewQueries>().LabelsAsync(queue, new Reviewer("", ""), default)).Answer.Content.Note);
        Assert.Empty(visitor.Errors);
    }

    private static async Task<string> ItemAsync(IPage page)
    {
        var heading = page.Locator("#item-title").GetByText("Item ");
        await heading.WaitForAsync();
        await page.Locator("#submit").WaitForAsync();
        return (await heading.TextContentAsync())!["Item ".Length..];
    }

    // By keyboard, as a reviewer does; returns when the page has gone on.
    private static async Task AnswerAsync(IPage page, string key)
    {
        var item = await ItemAsync(page);
        await page.Locator("#item-title").FocusAsync();
        await page.Keyboard.PressAsync(key);
        await page.UntilAsync($"document.querySelector('input[data-review-key=\"{key}\"]').checked");
        await page.Keyboard.PressAsync("Enter");
        await page.GetByText($"Item {item}: you said").WaitForAsync();
    }

    private Task<Visitor> PersonAsync(string name) => fixture.VisitAsync(person: name);

    private static async Task<string> RunAsync(DashboardUnderTest dashboard, int items) => await dashboard.WriteRunAsync(Presets.Create("demo"), journal =>
    {
        journal.Record(new RunStarted(PlanSettings.ToDictionary(Presets.Create("demo")), "MiniShop", new string('a', 64), "written by a test", 1, 100, RewardRange.Unit));
        for (var i = 0; i < items; i++)
        {
            var (better, worse) = (new Estimate([1, 0.5, 0.5]), new Estimate([0.5, 0, 0.1 * (i % 5)]));
            journal.Record(new TaskOpened(i, $"train-{i}", "I want a large blue mug under 20 dollars", worse));
            journal.Record(new CandidateScored(i, 0, 0, "search[ blue mug ]", "results blue mug large $12 b1 red mug small $8 b2", better, null, false, false, 3, -1));
            journal.Record(new StepDecided(i, 0, worse, better, 0, "search[ blue mug ]", 1, StepVerdict.Rose, [CandidateAccount.Accepted]));
            journal.Record(new CandidateScored(i, 1, 0, "click[ b2 ]", "item : red mug small $8 ; size small large", worse, null, false, false, 3, -1));
            journal.Record(new CandidateScored(i, 1, 1, "click[ b1 ]", "item : blue mug large $12 ; size small large", better, null, false, false, 3, -1));
            journal.Record(new StepDecided(i, 1, better, better, 1, "click[ b1 ]", 2, StepVerdict.Rose, [CandidateAccount.Lower, CandidateAccount.Accepted]));
            journal.Record(new PairCreated(i, new PreferencePair(i, 1, "Everything before", "click[ b1 ]", "click[ b2 ]", better, worse, [1, i], [3, 4], [5])));
        }
    });

    // A finger on the screen, as the browser gets it from one: it decides by itself what scrolls and what is a gesture.
    private static async Task SwipeAsync(IPage page, string on, int right, int down)
    {
        await page.Locator(on).ScrollIntoViewIfNeededAsync();
        var box = (await page.Locator(on).BoundingBoxAsync())!;
        var (x, y) = (box.X + (box.Width / 2) - (right / 2), box.Y + (box.Height / 2));
        var session = await page.Context.NewCDPSessionAsync(page);
        Task<System.Text.Json.JsonElement?> Touch(string type, params object[] points) => session.SendAsync("Input.dispatchTouchEvent", new Dictionary<string, object> { ["type"] = type, ["touchPoints"] = points });
        await Touch("touchStart", new { x, y });
        for (var i = 1; i <= 6; i++)
        {
            await Touch("touchMove", new { x = x + (right * i / 6), y = y + (down * i / 6) });
        }

        await Touch("touchEnd");
        await session.DetachAsync();
    }

    private static async Task<string> ScoresAsync(DashboardUnderTest dashboard, int items)
    {
        var run = await RunAsync(dashboard, items);
        return await dashboard.Get<ReviewDesk>().CreateAsync(
            new NewReviewQueue(run, ReviewKind.Score, "How good is it?", "", ["Does it help?", "Is it cheap?"]), new Reviewer("id-owner", "owner"), Guid.NewGuid().ToString("N"), default);
    }

    private static async Task<string> QueueAsync(DashboardUnderTest dashboard, int items, int required = 1, bool answered = false)
    {
        var run = await RunAsync(dashboard, items);
        var made = await dashboard.Get<ReviewDesk>().CreateAsync(
            new NewReviewQueue(run, ReviewKind.Pairwise, "Which action is better?", Guidelines, RequiredAnswers: required, Seed: items), new Reviewer("id-owner", "owner"), Guid.NewGuid().ToString("N"), default);
        foreach (var (name, i) in answered ? new[] { ("ann", 0), ("bob", 1) } : [])
        {
            var (store, person) = (dashboard.Get<ReviewStore>(), new Reviewer("id-" + name, name));
            for (var n = 0; n < 3 && await store.NextAsync(made, person, default) is { } item; n++)
            {
                await store.SubmitAsync(made, item, person, new ReviewContent([n == 0 ? i : 0], "a note"), 0, 12, "page", default);
            }
        }

        return made;
    }
}
