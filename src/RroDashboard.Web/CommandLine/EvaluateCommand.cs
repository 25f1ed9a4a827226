using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RroDashboard.Core.Plans;
using RroDashboard.Environments;
using RroDashboard.Training.Endpoints;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>Held-out tasks played by a model that another server runs; nothing is trained, and no tensor engine is needed.</summary>
internal sealed class EvaluateCommand(CommandConsole console)
{
    private readonly Option<string> _endpoint = new("--endpoint") { Description = CommonOptions.EndpointMeans, HelpName = "URL", Required = true };
    private readonly Option<string> _model = new("--model") { Description = "Name of the model there.", HelpName = "NAME", Required = true };
    private readonly Option<string> _preset = new("--preset") { Description = $"Environment and held-out tasks: {string.Join(", ", Presets.All.Select(p => p.Name))}.", DefaultValueFactory = _ => "demo", HelpName = "NAME" };
    private readonly Option<string[]> _set = new("--set") { Description = "A setting, as Path=Value, for example Evaluate.Tasks=50; may be given many times.", HelpName = "PATH=VALUE", DefaultValueFactory = _ => [], AllowMultipleArgumentsPerToken = true };
    private readonly Option<string?> _data = new("--data") { Description = "Folder with the environment's data files; MiniShop needs none.", HelpName = "FOLDER" };
    private readonly Option<double> _temperature = new("--temperature") { Description = "0 for greedy.", DefaultValueFactory = _ => 0, HelpName = "NUMBER" };
    private readonly Option<int> _atOnce = new("--at-once") { Description = "Requests under way at once.", DefaultValueFactory = _ => 8, HelpName = "NUMBER" };
    private readonly Option<int> _perMinute = new("--per-minute") { Description = "Requests in any minute at most; 0 for no limit.", DefaultValueFactory = _ => 0, HelpName = "NUMBER" };
    private readonly Option<double> _inputPrice = new("--input-price") { Description = "Price of a million tokens read.", DefaultValueFactory = _ => 0, HelpName = "NUMBER" };
    private readonly Option<double> _outputPrice = new("--output-price") { Description = "Price of a million tokens written.", DefaultValueFactory = _ => 0, HelpName = "NUMBER" };
    private readonly Option<bool> _json = CommonOptions.Json();

    public Command Create()
    {
        var command = new Command("evaluate", "Plays held-out tasks with a model behind an OpenAI-compatible server and ends with one line of JSON: reward with its interval, tokens, cost.")
        {
            _endpoint, _model, _preset, _set, _data, _temperature, _atOnce, _perMinute, _inputPrice, _outputPrice, _json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var plan = PlanArguments.Read(parsed.GetRequiredValue(_preset), null, parsed.GetRequiredValue(_set), parsed.GetValue(_data), null);
        var (atOnce, perMinute) = (parsed.GetValue(_atOnce), parsed.GetValue(_perMinute));
        if (atOnce < 1 || perMinute < 0)
        {
            throw new RefusalException($"--at-once {atOnce} and --per-minute {perMinute} are not allowed: the first must be at least 1, the second at least 0.");
        }

        var address = parsed.GetRequiredValue(_endpoint);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var url))
        {
            throw new RefusalException($"--endpoint '{address}' is no address: write it as http://HOST:PORT/v1.");
        }

        try
        {
            using var environment = EnvironmentFactory.Create(plan.Environment);
            using var endpoint = new ChatEndpoint(
                new EndpointOptions
                {
                    Url = url,
                    Model = parsed.GetRequiredValue(_model),
                    Key = Environment.GetEnvironmentVariable(CommonOptions.EndpointKey) ?? "",
                    AtOnce = atOnce,
                    PerMinute = perMinute,
                    InputPrice = parsed.GetValue(_inputPrice),
                    OutputPrice = parsed.GetValue(_outputPrice),
                },
                TimeProvider.System);
            var result = await EndpointEvaluation.RunAsync(plan, environment, endpoint, parsed.GetValue(_temperature), Show, cancellation);
            if (!parsed.GetValue(_json))
            {
                await console.Output.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Episodes.Count} tasks of {environment.Name}: reward {result.Mean:0.000} [{result.Low:0.000}, {result.High:0.000}]; {result.Requests} requests, {result.Retries} of them again; {result.InputTokens} tokens read, {result.OutputTokens} written; cost {result.Cost:0.0000}"));
            }

            await console.Output.WriteLineAsync(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
            return 0;
        }
        catch (EndpointException e)
        {
            throw new RefusalException(e.Message);
        }

        void Show(int done, int all)
        {
            if (done == all || done % 10 == 0)
            {
                console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done} of {all} tasks"));
            }
        }
    }
}
