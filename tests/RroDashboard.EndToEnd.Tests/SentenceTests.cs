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
        Estimate?[] accepted = [new([1, 0.5, 0]), new([0.25]), Estimate.Final(1), null];
        foreach (var verdict in Enum.GetValues<StepVerdict>())
        {
            foreach (var kind in Enum.GetValues<Rise>())
            {
                foreach (var value in accepted)
                {
                    var rule = new RisingRule(kind, 0.125, RewardRange.Unit);
                    var step = new StepDecided(3, 1, new([0.5, 0.4]), value, value is null ? null : 1, "search[mug]", 2, verdict, []);

                    var inBrowser = await visitor.Page.EvaluateAsync<string>(
                        "async ([step, rule]) => (await import('/js/run-model.js')).sentence(JSON.parse(step), rule)",
                        new object[] { JsonSerializer.Serialize(step, Wire), new { symbol = rule.Symbol, maxCandidates = 5 } });

                    Assert.Equal(LedgerSentence.Of(step, rule, 5), inBrowser);
                }
            }
        }
    }

    [Fact]
    public async Task Decimate_LongSeries_KeepsLowestHighestAndLast()
    {
        await using var visitor = await fixture.VisitAsync();

        var kept = await visitor.Page.EvaluateAsync<bool>("""
            async () => {
              const { decimate } = await import('/js/charts.js');
              for (const length of [1, 2, 999, 1000, 1001, 5000, 12345]) {
                const x = Array.from({ length }, (_, i) => i);
                const y = x.map(i => Math.sin(i * 12.9898) * 43758.5453 % 1);
                y[Math.floor(length / 3)] = 7;
                y[Math.floor(length / 2)] = -7;
                const shown = decimate(x, y);
                const same = Math.max(...shown.y) === Math.max(...y) && Math.min(...shown.y) === Math.min(...y)
                  && shown.x.at(-1) === length - 1 && shown.y.at(-1) === y.at(-1) && shown.x.length <= 1001
                  && shown.x.every((value, i) => i === 0 || value > shown.x[i - 1]);
                if (!same) return false;
              }
              return true;
            }
            """);

        Assert.True(kept);
    }
}
