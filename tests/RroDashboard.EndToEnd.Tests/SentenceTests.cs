using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Playwright;
using RroDashboard.Core.Events;
using RroDashboard.Core.Exploration;
using RroDashboard.Core.Rewards;

namespace RroDashboard.EndToEnd.Tests;

/// <summary>The sentence of a ledger entry is made twice, in C# for export and in the browser for the feed: both must say the same.</summary>
public sealed class SentenceTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>
{
    private static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    [Fact]
    public async Task Sentence_EveryVerdictAndRule_IsThatOfTheLedger()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/"); // A page of the dashboard, whose scripts can be imported.
        Estimate?[] accepted = [new([1, 0.5, 0]), new([0.25]), Estimate.Final(1), null];
        foreach (var verdict in Enum.GetValues<StepVerdict>())
        {
            foreach (var kind in Enum.GetValues<Rise>())
            {
                foreach (var (value, tried) in accepted.SelectMany(a => new[] { (a, 2), (a, 3) }))
                {
                    var rule = new RisingRule(kind, 0.125, RewardRange.Unit);
                    var step = new StepDecided(3, 1, new([0.5, 0.4]), value, value is null ? null : 1, "search[mug]", tried, verdict, []);

                    var inBrowser = await visitor.Page.EvaluateAsync<string>(
                        "async ([step, rule]) => (await import('/js/run-model.js')).sentence(JSON.parse(step), rule)",
                        new object[] { JsonSerializer.Serialize(step, Wire), new { symbol = rule.Symbol, maxCandidates = 5 } });

                    Assert.Equal(LedgerSentence.Of(step, rule, 5), inBrowser);
                }
            }
        }
    }

    [Fact]
    public async Task Feed_LongPause_KeepsTheNewestAndCountsTheRest()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/"); // A page of the dashboard, whose scripts can be imported.

        var seen = await visitor.Page.EvaluateAsync<string[]>("""
            async () => {
              const { Feed, maxRows } = await import('/js/feed.js');
              const root = document.createElement('div');
              const made = name => root.appendChild(document.createElement('button')).toggleAttribute(name);
              root.append(document.createElement('ol'));
              ['data-foot', 'data-older', 'data-pause'].forEach(made);
              const feed = new Feed(root, { loadOlder: () => [], loadCandidates: () => [], describe: () => '' });
              const items = Array.from({ length: 200_000 }, (_, task) =>
                ({ task, step: 0, action: 'a', previous: { outcomes: [0] }, accepted: { outcomes: [1] }, verdict: 'Rose', tried: 1 }));
              feed.reset([], 0);
              feed.add(items.slice(0, 3), 3);
              root.querySelector('[data-pause]').click();
              feed.add(items.slice(3), items.length - 3);
              const waiting = root.querySelector('[data-pause]').textContent;
              const frozen = root.querySelectorAll('li').length;
              root.querySelector('[data-pause]').click();
              return [waiting, String(frozen), String(root.querySelectorAll('li').length === maxRows), root.querySelector('li').dataset.key, root.querySelector('[data-foot]').textContent];
            }
            """);

        Assert.Equal(["Resume (199,997 new)", "3", "true", "199999-0", "Showing the newest 60 of 200,000 decided steps."], seen);
    }

    [Fact]
    public async Task CsvCell_TextThatLooksLikeAFormula_IsText()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/"); // A page of the dashboard, whose scripts can be imported.
        string[] texts = ["=1+1", "+a", "-a", "@x", "\tx", "\r=x", "=a,\"b\"", "-", "-1.5", "+3e-5", "-12 %", "0.5", "plain, text"];

        var cells = await visitor.Page.EvaluateAsync<string[]>("async texts => { const { csvCell } = await import('/js/chart-tools.js'); return texts.map(csvCell); }", texts);

        Assert.Equal(["'=1+1", "'+a", "'-a", "'@x", "'\tx", "\"'\r=x\"", "\"'=a,\"\"b\"\"\"", "-", "-1.5", "+3e-5", "-12 %", "0.5", "\"plain, text\""], cells);
    }

    [Fact]
    public async Task Line_LongSeries_KeepsLowestHighestAndLastInBoundedMemory()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/"); // A page of the dashboard, whose scripts can be imported.

        var kept = await visitor.Page.EvaluateAsync<string>("""
            async () => {
              const { Line, keptBands } = await import('/js/series.js');
              for (const length of [1, 2, 400, 401, 5000, 123456]) {
                const line = new Line();
                let [low, high] = [Infinity, -Infinity];
                for (let i = 0; i < length; i++) {
                  const value = i === Math.floor(length / 3) ? 7 : i === Math.floor(length / 2) ? -7 : Math.sin(i * 12.9898);
                  [low, high] = [Math.min(low, value), Math.max(high, value)];
                  line.add(i, value);
                  line.add(i, 99);
                }
                const shown = line.view(400);
                const same = Math.max(...shown.high) === high && Math.min(...shown.low) === low && shown.x.at(-1) === length - 1
                  && shown.x.length <= 400 && line.length <= keptBands && shown.x.every((value, i) => i === 0 || value > shown.x[i - 1]);
                if (!same) return `${length} points became ${shown.x.length}`;
              }
              return 'kept';
            }
            """);

        Assert.Equal("kept", kept);
    }

    [Fact]
    public async Task Axis_ThereAndBack_IsTheSameStep()
    {
        await using var visitor = await fixture.VisitAsync();
        await visitor.GoAsync("/"); // A page of the dashboard, whose scripts can be imported.

        var steps = await visitor.Page.EvaluateAsync<double[]>("""
            async () => {
              const { Axis } = await import('/js/series.js');
              const axis = new Axis({ x: [0, 10, 20], y: [100, 101, 131] });
              return [axis.at(5), axis.at(15), axis.at(30), ...[0, 7, 20, 33].map(step => axis.back(axis.at(step)))];
            }
            """);

        Assert.Equal([100.5, 116, 161, 0, 7, 20, 33], steps.Select(s => Math.Round(s, 6)));
    }
}
