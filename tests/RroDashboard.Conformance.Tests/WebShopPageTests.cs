using System.Globalization;
using System.Text.Json;
using RroDashboard.Environments.WebShop;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>
/// Episodes of the original's text environment, step by step, and recorded ones of a real deployment. Search results and
/// the score of a purchase are taken from the case; that they are computed alike is counted elsewhere.
/// </summary>
public sealed class WebShopPageTests(ITestOutputHelper output)
{
    private static readonly ToyNouns s_nouns = new();

    private const string PagesFile = "webshop_pages.json";
    private const string TranscriptsFile = "webshop_real_transcripts.json";
    private const string ResultsMark = " (Total results: ";
    private const int ProductsPerPage = 10;

    [GoldenFact(PagesFile)]
    public void Pages_EveryStep_AsTheOriginal()
    {
        var file = Golden.Read(PagesFile);
        var rankings = Rankings(file.GetProperty("search_rankings"));

        Golden.Count(output, "webshop_pages", file.GetProperty("episodes").EnumerateArray().SelectMany(e => Replay(e, file, rankings)), wrong => wrong);
    }

    [GoldenFact(TranscriptsFile)]
    public void Transcripts_EveryStep_AsRecorded() =>
        Golden.Count(output, "webshop_real_transcripts", Golden.Read(TranscriptsFile).EnumerateArray().SelectMany(Replay), wrong => wrong);

    private static IEnumerable<string?> Replay(JsonElement episode, JsonElement file, Dictionary<string, string[]> rankings)
    {
        var server = episode.GetProperty("server").GetString()!;
        var prices = Prices(file.GetProperty(server.Contains("human", StringComparison.Ordinal) ? "product_prices_human_server" : "product_prices_synthetic"));
        var score = new NotedScore(prices);
        var site = new ShopSite(
            WebShopSearchTests.Products, prices, new GivenSearch(query => rankings[query]), score.Of,
            new(ShowAttributes: server.Contains("attrs", StringComparison.Ordinal)));
        var kwargs = episode.GetProperty("kwargs");
        var options = new ShopBrowserOptions(
            episode.GetProperty("mode").GetString() == "text_rich" ? ObservationMode.TextRich : ObservationMode.Text,
            Number(kwargs, "num_prev_obs"),
            Number(kwargs, "num_prev_actions"));
        var browser = new ShopBrowser(site, episode.GetProperty("goal_index").GetRawText(), GoalOf(episode.GetProperty("goal")), options);
        var instruction = episode.GetProperty("instruction_text").GetString();
        if (PageObservation.InstructionText(browser.Session) != instruction)
        {
            yield return Wrong(episode, 0, "instruction text", PageObservation.InstructionText(browser.Session), instruction);
        }

        var at = 0;
        foreach (var step in episode.GetProperty("steps").EnumerateArray())
        {
            yield return Check(episode, at++, step, browser, score);
        }
    }

    private static string? Check(JsonElement episode, int at, JsonElement step, ShopBrowser browser, NotedScore score)
    {
        var action = step.GetProperty("action").GetString();
        if (step.TryGetProperty("error", out var error))
        {
            try
            {
                browser.Step(action!);
            }
            catch (ShopException e)
            {
                return e.OriginalError == error.GetString() ? null : Wrong(episode, at, "error", e.OriginalError, error.GetString());
            }

            return Wrong(episode, at, "error", "none", error.GetString());
        }

        // The first step is the reset.
        var expectedReward = step.GetProperty("reward");
        score.Called = null;
        var answer = action is null ? new ShopAnswer(browser.Start, 0, false) : browser.Step(action);
        var session = browser.Session;
        var available = step.GetProperty("available");
        var (done, clickables) = (step.GetProperty("done").GetBoolean(), available.GetProperty("clickables"));
        return Differ("observation", answer.Observation, step.GetProperty("observation").GetString())
            ?? Differ("reward", answer.Reward, expectedReward.ValueKind == JsonValueKind.Null ? 0 : expectedReward.GetDouble())
            ?? Differ("done", answer.Done, done)
            ?? Differ("purchase scored", score.Called, done ? Purchase(session) : null)
            ?? Differ("clickables", Lines(session.Page.Clickables.Select(c => c.Text)), Lines(clickables.EnumerateArray().Select(c => c.GetString()!)))
            ?? Differ("has_search_bar", session.Page.HasSearchBar, available.GetProperty("has_search_bar").GetBoolean())
            ?? Differ("url", session.Url, step.GetProperty("url").GetString())
            ?? (step.GetProperty("session") is { ValueKind: JsonValueKind.Object } fields ? Differ("session", Fields(session), Fields(fields)) : null);

        string? Differ<T>(string what, T actual, T expected) =>
            EqualityComparer<T>.Default.Equals(actual, expected) ? null : Wrong(episode, at, what, actual, expected);
    }

    // A recorded episode: our search, our goal with the cap that was recorded (the original draws it unseeded), our reward.
    private static IEnumerable<string?> Replay(JsonElement transcript)
    {
        var steps = transcript.GetProperty("steps").EnumerateArray().ToList();
        var index = transcript.GetProperty("goal_index_agentgym").GetInt32();
        var name = $"goal {index}";
        var recorded = steps[0].GetProperty("observation").GetString()!.Split(PageObservation.Separator)[2];
        var cap = recorded.Split("price lower than ") is [_, var words] ? double.Parse(words.Split(' ')[0], CultureInfo.InvariantCulture) : GoalSet.NoCap;
        var (set, prices) = WebShopGoalTests.Build(human: false, seed: 4242, products: null, goals: null);
        var goal = set.Goals[index] with { InstructionText = recorded, PriceUpper = cap };
        var site = new ShopSite(
            WebShopSearchTests.Products, prices, WebShopSearchTests.Index,
            (product, wanted, price, options) => WebShopReward.Score(product, wanted, price!.Value, options.Select(o => o.Value), s_nouns).Reward);
        var browser = new ShopBrowser(site, "0", goal);
        for (var at = 0; at < steps.Count; at++)
        {
            var action = steps[at].GetProperty("action").GetString();
            var answer = action is null ? new ShopAnswer(browser.Start, 0, false) : browser.Step(action);
            var expected = steps[at].GetProperty("observation").GetString();
            yield return answer.Observation == expected ? null : Wrong(name, at, "observation", answer.Observation, expected);
            if (at == steps.Count - 1 && answer.Done)
            {
                var reward = transcript.GetProperty("final_reward").GetDouble();
                yield return Math.Abs(answer.Reward - reward) < 1e-9 ? null : Wrong(name, at, "reward", answer.Reward, reward);
            }
        }
    }

    private static string Fields(ShopSession session) => string.Join(
        '\n',
        ["asin " + session.Asin, "page " + session.PageNumber?.ToString(CultureInfo.InvariantCulture), "keywords " + (session.Keywords is null ? "" : Lines(session.Keywords)), .. session.Options.Select(o => $"option {o.Name} = {o.Value}")]);

    private static string Fields(JsonElement session)
    {
        var (page, keywords) = (session.GetProperty("page"), session.GetProperty("keywords"));
        return string.Join(
            '\n',
            [
                "asin " + session.GetProperty("asin").GetString(),
                "page " + (page.ValueKind == JsonValueKind.Null ? "" : page.GetRawText()),
                "keywords " + (keywords.ValueKind == JsonValueKind.Null ? "" : Lines(keywords.EnumerateArray().Select(k => k.GetString()!))),
                .. session.GetProperty("options").EnumerateObject().Select(o => $"option {o.Name} = {o.Value.GetString()}"),
            ]);
    }

    private static string Lines(IEnumerable<string> texts) => string.Join('\n', texts.Select(t => "'" + t + "'"));

    private static string Purchase(ShopSession session) => session.Asin + ": " + ShopText.Json(session.Options);

    private static string Wrong<T>(JsonElement episode, int at, string what, T actual, T expected) =>
        Wrong(episode.GetProperty("name").GetString()!, at, what, actual, expected);

    private static string Wrong<T>(string episode, int at, string what, T actual, T expected) =>
        $"{episode}, step {at}, {what}: '{actual}' instead of '{expected}'";

    private static int Number(JsonElement kwargs, string name) => kwargs.TryGetProperty(name, out var value) ? value.GetInt32() : 0;

    private static Dictionary<string, string[]> Rankings(JsonElement rankings) => rankings.EnumerateObject()
        .ToDictionary(r => r.Name, r => r.Value.EnumerateArray().Select(id => id.GetString()!).ToArray(), StringComparer.Ordinal);

    private static Dictionary<string, double> Prices(JsonElement prices) =>
        prices.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetDouble(), StringComparer.Ordinal);

    // Reward cases leave out what the reward does not read.
    private static string Optional(JsonElement item, string name) => item.TryGetProperty(name, out var value) ? value.GetString()! : "";

    internal static Goal GoalOf(JsonElement goal) => new()
    {
        Asin = Optional(goal, "asin"),
        Category = Optional(goal, "category"),
        Query = goal.GetProperty("query").GetString()!,
        Name = goal.GetProperty("name").GetString()!,
        ProductCategory = goal.GetProperty("product_category").GetString()!,
        InstructionText = Optional(goal, "instruction_text"),
        Attributes = [.. goal.GetProperty("attributes").EnumerateArray().Select(a => a.GetString()!)],
        PriceUpper = goal.GetProperty("price_upper").GetDouble(),
        Options = goal.GetProperty("goal_options") is { ValueKind: JsonValueKind.Array } values
            ? [.. values.EnumerateArray().Select(v => new GoalOption(null, v.GetString()!))]
            : [.. goal.GetProperty("goal_options").EnumerateObject().Select(o => new GoalOption(o.Name, o.Value.GetString()!))],
        Weight = goal.TryGetProperty("weight", out var weight) ? weight.GetDouble() : 1,
    };

    internal static Goal GoalOf(string instruction) => new()
    {
        Asin = "", Category = "", Query = "", Name = "", ProductCategory = "", InstructionText = instruction,
        Attributes = [], PriceUpper = 1_000_000, Options = [], Weight = 1,
    };

    private sealed class GivenSearch(Func<string, string[]> ids) : IProductSearch
    {
        public IReadOnlyList<SearchHit> Search(string query, int count) => [.. ids(query).Take(count).Select(id => new SearchHit(id, 0))];
    }

    /// <summary>Scores as the cases were made, and notes for what it was asked.</summary>
    private sealed class NotedScore(IReadOnlyDictionary<string, double> prices)
    {
        public string? Called { get; set; }

        public double Of(Product product, Goal goal, double? price, IReadOnlyList<ChosenOption> options)
        {
            Assert.Equal(prices[product.Asin], price);
            Called = product.Asin + ": " + ShopText.Json(options);
            return WebShopReward.Score(product, goal, prices[product.Asin], options.Select(o => o.Value), s_nouns).Reward;
        }
    }
}
