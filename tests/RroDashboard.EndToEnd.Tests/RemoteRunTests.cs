using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using RroDashboard.Data;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>A trainer elsewhere logs over the API while a browser looks on.</summary>
public sealed class RemoteRunTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    [Fact]
    public async Task RunPage_OfATrainerElsewhere_AppearsLiveDrawsItsMetricsAndEnds()
    {
        using var trainer = await TrainerAsync();
        await using var visitor = await fixture.VisitAsync();
        var page = visitor.Page;
        await visitor.GoAsync("/runs");

        var run = (await PostAsync(trainer, "remote", """
            {"name":"grpo <b>1</b>","method":"GRPO","environment":"ALFWorld","trainer":"own 1.0","config":{"lr":1e-6,"model":{"name":"tiny <i>"}}}
            """)).GetProperty("id").GetString()!;

        // Into the list by itself.
        await page.UntilAsync($"document.querySelector('tr[data-run=\"{run}\"]')");
        Assert.Contains("ALFWorld, GRPO, trained elsewhere", await page.Locator($"tr[data-run='{run}']").TextContentAsync(), StringComparison.Ordinal);
        await visitor.GoAsync($"/runs/{run}");
        await page.UntilAsync("document.querySelector('#live')?.dataset.live === 'live'");
        Assert.True(await page.Locator("#series-charts [data-empty]").IsVisibleAsync());

        // Its own series get charts, which move; a walk fills the feed and the charts of walks.
        await PostAsync(trainer, $"{run}/batches", Batch(1, [.. Points(0, 30), """{"type":"stageStarted","stage":"Explore"}""", .. Walk(0), """{"type":"stageFinished","stage":"Explore","seconds":1}"""]));
        await page.UntilAsync("Number(document.querySelector('[data-chart=\"train/loss\"]')?.dataset.draws ?? 0) > 0");
        await page.UntilAsync("document.querySelectorAll('#feed li').length === 1");
        await page.UntilAsync("Number(document.querySelector('#chart-step-reward').dataset.draws ?? 0) > 0");
        Assert.False(await page.Locator("#chart-sft-loss").IsVisibleAsync());
        Assert.Contains("at step 29", await page.Locator("[data-chart='train/loss'] .summary").TextContentAsync(), StringComparison.Ordinal);
        await PostAsync(trainer, $"{run}/batches", Batch(2, Points(30, 60)));
        await page.UntilAsync("document.querySelector('[data-chart=\"train/loss\"] .summary').textContent.includes('at step 59')");
        Assert.Equal(2, await page.Locator("#series-charts [data-chart]").CountAsync());

        // Nothing that cannot be done from here; to stop is a wish that the trainer reads.
        foreach (var dead in new[] { "#reroll-button", "[data-resume]", "a[href*='/runs/new']" })
        {
            Assert.Equal(0, await page.Locator("#run " + dead).CountAsync());
        }

        await page.Locator("#stop-run").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Ask to stop", Exact = true }).ClickAsync();
        await page.Locator("#stop-asked").WaitForAsync();
        Assert.True((await PostAsync(trainer, $"{run}/heartbeat", "{}")).GetProperty("stop").GetBoolean());
        await page.AssertAccessibleAsync();
        await PostAsync(trainer, $"{run}/batches", Batch(3, ["""{"type":"runEnded","state":"Stopped","error":null,"summary":null}"""]));
        await page.UntilAsync("document.querySelector('#live')?.dataset.live === 'ended'");
        await page.UntilAsync("document.querySelector('.run-head .state').textContent.includes('Stopped')");
        Assert.Equal(0, await page.Locator("[data-resume]").CountAsync());

        // Its settings are its own words.
        await visitor.GoAsync($"/runs/{run}/settings");
        Assert.Contains("tiny <i>", await page.Locator("#remote-settings").TextContentAsync(), StringComparison.Ordinal);
        await page.AssertAccessibleAsync();
        await visitor.GoAsync($"/runs/{run}/tasks/0?view=play");
        Assert.Equal(0, await page.Locator("#replay").CountAsync());
        await visitor.GoAsync($"/runs/{run}/pairs?pair=0");
        await page.UntilAsync("document.body.textContent.includes('model is with its trainer')");
        Assert.Equal(0, await page.Locator("#train-version, #better").CountAsync());
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task Compare_RunsOfTrainersElsewhere_DrawsTheirOwnSeriesOverEachOther()
    {
        using var trainer = await TrainerAsync();
        var runs = new List<string>();
        foreach (var name in new[] { "one", "two <b>" })
        {
            runs.Add((await PostAsync(trainer, "remote", $$"""{"name":"{{name}}","method":"GRPO","environment":"ALFWorld"}""")).GetProperty("id").GetString()!);
            await PostAsync(trainer, $"{runs[^1]}/batches", Batch(1, [.. Points(0, 20), """{"type":"runEnded","state":"Finished","error":null,"summary":null}"""]));
        }

        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync($"/compare?runs={string.Join(',', runs)}");
        var page = visitor.Page;
        await page.Locator("[data-title='train/loss']").ScrollIntoViewIfNeededAsync();
        await page.UntilAsync("Number(document.querySelector('[data-title=\"train/loss\"]').dataset.draws ?? 0) > 0");
        await page.Locator("[data-title='train/loss'] [data-view=table]").ClickAsync();
        Assert.Equal(2, await page.Locator("[data-title='train/loss'] .twin tbody tr").CountAsync());
        Assert.Contains("two <b>", await page.Locator("[data-title='train/loss'] .twin").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(1, await page.Locator("[data-title='train/reward']").CountAsync());
        Assert.Empty(visitor.Errors);
    }

    [Fact]
    public async Task RunPage_OfASilentTrainer_SaysThatItGoesOnByItself()
    {
        using var trainer = await TrainerAsync();
        var run = (await PostAsync(trainer, "remote", """{"name":"silent","method":"GRPO","environment":"ALFWorld"}""")).GetProperty("id").GetString()!;
        await using var visitor = await fixture.VisitAsync(ColorScheme.Dark, 360, 800);
        await visitor.GoAsync($"/runs/{run}");
        var page = visitor.Page;

        fixture.Dashboard.Clock.Shift += TimeSpan.FromSeconds(121);
        await page.Locator("#run-interrupted").WaitForAsync();

        Assert.Contains("Its trainer fell silent; it was last heard", await page.Locator("#run-interrupted").TextContentAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await page.Locator("[data-resume]").CountAsync());
        await page.UntilAsync("document.querySelector('.run-head .state').textContent.includes('Crashed')");
        await page.AssertAccessibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"));
        await PostAsync(trainer, $"{run}/heartbeat", "{}");
        await page.UntilAsync("document.querySelector('.run-head .state').textContent.includes('Running')");
        await PostAsync(trainer, $"{run}/batches", Batch(1, ["""{"type":"runEnded","state":"Finished","error":null,"summary":null}"""]));
        await page.UntilAsync("document.querySelector('.run-head .state').textContent.includes('Finished')");
        Assert.Empty(visitor.Errors);
    }

    private static IEnumerable<string> Points(int from, int to) => Enumerable.Range(from, to - from).SelectMany(step => new[]
    {
        FormattableString.Invariant($$"""{"type":"metricPoint","series":"train/loss","step":{{step}},"value":{{2 / (1 + (0.1 * step))}}}"""),
        FormattableString.Invariant($$"""{"type":"metricPoint","series":"train/reward","step":{{step}},"value":{{step / 60.0}}}"""),
    });

    private static string[] Walk(int task) =>
    [
        $$"""{"type":"taskOpened","task":{{task}},"taskId":"t","instruction":"find a lamp","baseline":{"outcomes":[0.25,0.5]} }""",
        $$"""{"type":"candidateScored","task":{{task}},"step":0,"attempt":0,"action":"go <b>","observation":"no","value":{"outcomes":[0.75,1]},"sameStateAs":null,"invalid":false,"truncated":false,"tokens":3,"logProb":-1.5}""",
        $$"""{"type":"stepDecided","task":{{task}},"step":0,"previous":{"outcomes":[0.25,0.5]},"accepted":{"outcomes":[0.75,1]},"acceptedAttempt":0,"action":"go <b>","tried":1,"verdict":"Rose","accounts":["Accepted"]}""",
        $$"""{"type":"pairCreated","index":{{task}},"pair":{"task":{{task}},"step":0,"history":"find a lamp","chosen":"go <b>","rejected":"stay","chosenValue":{"outcomes":[0.75,1]},"rejectedValue":{"outcomes":[0]},"historyTokens":[],"chosenTokens":[],"rejectedTokens":[]} }""",
        $$"""{"type":"taskFinished","task":{{task}},"steps":1,"reward":1}""",
    ];

    private static string Batch(int number, IEnumerable<string> events) => $$"""{"number":{{number}},"events":[{{string.Join(',', events)}}]}""";

    private async Task<HttpClient> TrainerAsync()
    {
        var user = await fixture.Dashboard.Get<AccountStore>().CreateAsync($"Trainer {Guid.NewGuid():N}"[..20], UserRole.Operator, null, default);
        var client = new HttpClient { BaseAddress = new Uri(fixture.Dashboard.Url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await fixture.Dashboard.Get<TokenStore>().CreateAsync(user.Id, "trainer", UserRole.Operator, 1, default));
        return client;
    }

    private static async Task<JsonElement> PostAsync(HttpClient trainer, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await trainer.PostAsync(new Uri("/api/v1/runs/" + path, UriKind.Relative), content);
        Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
