using System.Text.Json;
using RroDashboard.Environments.WebShop;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>ETO's and IPR's wrapper classes, as they were run on a fake site that shows "OBS0" and then "PAGE".</summary>
public sealed class WebShopWrapperTests(ITestOutputHelper output)
{
    private const string ParseFile = "webshop_action_parse.json";

    // What the fake site paid: IPR's pays for every step.
    private const double PurchaseReward = 0.75;
    private const double IprStepReward = 0.3;

    [GoldenFact(ParseFile)]
    public void Answers_EveryCase_AsTheOriginal() => Golden.Count(output, "webshop_action_parse", Cases("cases"), c =>
    {
        var (conversation, site) = Start(c.Style);
        var before = conversation.History.Count;
        var reply = conversation.Step(c.Json.GetProperty("llm_output").GetString()!);
        string[] executed = [.. c.Json.GetProperty("executed").EnumerateArray().Select(e => e.GetString()!)];
        return Differ("executed", Lines(site.Executed), Lines(executed))
            ?? Differ("observation", reply, c.Json.GetProperty("observation").GetString())
            ?? Differ("state", State(conversation), State(c.Json.GetProperty("state")))
            ?? Differ("history", Lines(conversation.History.Skip(before)), Lines(Messages(c.Json.GetProperty("history_added"))));
    });

    [GoldenFact(ParseFile)]
    public void StepLimit_EverySequence_AsTheOriginal() => Golden.Count(output, "webshop_action_parse, step limit", Cases("step_limit"), c =>
    {
        var (conversation, _) = Start(c.Style);
        var states = c.Json.GetProperty("outputs").EnumerateArray().Select(answer =>
        {
            conversation.Step(answer.GetString()!);
            return State(conversation);
        });
        return Differ("states", Lines(states), Lines(c.Json.GetProperty("states").EnumerateArray().Select(State)));
    });

    // The example in the middle is the caller's; everything around it is ours.
    [GoldenFact(ParseFile)]
    public void InitialHistory_BothStyles_AsTheOriginal() => Golden.Count(output, "webshop_action_parse, initial history", Golden.Read(ParseFile).EnumerateObject(), style =>
    {
        List<ShopMessage> expected = [.. Messages(style.Value.GetProperty("initial_history"))];
        var conversation = new ShopConversation(new FakeSite(0), StyleOf(style.Name), expected[2..^1]);
        return Differ(style.Name, Lines(conversation.History), Lines(expected));
    });

    private static IEnumerable<(string Style, JsonElement Json)> Cases(string kind) =>
        from style in Golden.Read(ParseFile).EnumerateObject()
        from one in style.Value.GetProperty(kind).EnumerateArray()
        select (style.Name, one);

    private static (ShopConversation Conversation, FakeSite Site) Start(string style)
    {
        var site = new FakeSite(StyleOf(style) == ConversationStyle.Ipr ? IprStepReward : 0);
        return (new(site, StyleOf(style)), site);
    }

    private static ConversationStyle StyleOf(string name) => name switch
    {
        "eto" => ConversationStyle.Eto,
        "ipr" => ConversationStyle.Ipr,
        _ => throw new InvalidDataException($"{ParseFile} has the style '{name}'; known are eto and ipr"),
    };

    private static IEnumerable<ShopMessage> Messages(JsonElement history) =>
        history.EnumerateArray().Select(m => new ShopMessage(m.GetProperty("role").GetString()!, m.GetProperty("content").GetString()!));

    private static string State(ShopConversation c) => $"{c.Steps} {c.Reward} {c.Finished} {c.Success} {c.TerminateReason}";

    private static string State(JsonElement state)
    {
        var reward = state.GetProperty("reward");
        double? value = reward.ValueKind == JsonValueKind.Null ? null : reward.GetDouble();
        return $"{state.GetProperty("steps").GetInt32()} {value} {state.GetProperty("finished").GetBoolean()} {state.GetProperty("success").GetBoolean()} {state.GetProperty("terminate_reason").GetString()}";
    }

    private static string Lines<T>(IEnumerable<T> items) => string.Join('\n', items.Select(item => $"<{item}>"));

    private static string? Differ(string what, string? actual, string? expected) =>
        actual == expected ? null : $"{what}: '{actual}' instead of '{expected}'";

    private sealed class FakeSite(double stepReward) : IShopFront
    {
        public List<string> Executed { get; } = [];

        public string Start => "OBS0";

        public ShopAnswer Step(string action)
        {
            Executed.Add(action);
            return action == "click[Buy Now]" ? new("PAGE", PurchaseReward, true) : new("PAGE", stepReward, false);
        }

        public IShopFront Fork() => throw new NotSupportedException("the cases are straight sequences");
    }
}
