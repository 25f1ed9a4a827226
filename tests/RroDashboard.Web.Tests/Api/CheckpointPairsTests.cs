using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RroDashboard.Core.Events;
using RroDashboard.Core.Plans;
using RroDashboard.Core.Preferences;
using RroDashboard.Training.Tests.Model;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

/// <summary>Pairs of others for a run that tunes a published checkpoint: taken, encoded in its template, and learned from.</summary>
public sealed class CheckpointPairsTests : IAsyncLifetime
{
    private const string ChatMl = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private readonly string _checkpoint = Write();
    private LiveServer _server = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await LiveServer.StartAsync(Directory.CreateTempSubdirectory("rro-checkpoint-pairs-").FullName, new TrainingRunner(TimeProvider.System), ownsFolder: true);
        _client = await _server.SignInAsync();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        Directory.Delete(_checkpoint, recursive: true);
    }

    [Fact]
    public async Task Import_PairsForACheckpoint_AreEncodedInItsTemplateAndTrainedOn()
    {
        var plan = Presets.Create("smoke");
        PlanSettings.Apply(plan,
        [
            $"Model.Checkpoint={_checkpoint}", "Model.Context=640", "Model.LoraRank=4", "Environment.ActionMask=true", "Environment.MaxSteps=4", "Sft.Updates=2", "Sft.BatchSize=2",
            "Sft.Demonstrations=4", "Explore.Tasks=1", "Evaluate.Tasks=1", "Guard.Every=0", "Dpo.Updates=2", "Dpo.BatchSize=2", "Dpo.MarginChecks=0",
        ]);
        var run = (await _server.Host.EnqueueAsync(plan, "checkpoint", default)).Id;
        var ended = await _server.WaitForEndAsync(run);
        Assert.True(ended.State == RunState.Finished, ended.Error);
        string[] lines = [Line("search[ sofa ]", "search[ red ]"), Line("Thought: It fits.\nAction: click[ b1 ]", "click[ b2 ]")];

        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(string.Join('\n', lines)));
        using var answer = await _client.PostAsync(new Uri($"/api/v1/runs/{run}/pair-sets/0/import?name=others.jsonl", UriKind.Relative), content);

        var said = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode && said.Contains("\"added\":2", StringComparison.Ordinal), said);
        plan.Dpo.PairsFrom = $"{run}@1";
        var learned = (await _server.Host.EnqueueAsync(plan, "learned", default)).Id;
        ended = await _server.WaitForEndAsync(learned);
        Assert.True(ended.State == RunState.Finished, ended.Error);
        var added = (await _server.Queries.AllAsync<PairCreated>(learned, default)).Where(p => p.Origin!.Source == PairSource.Imported).Select(p => p.Pair).ToList();
        Assert.Equal(["search[ sofa ]", "click[ b1 ]"], added.Select(p => p.Chosen));
        Assert.All(added, p => Assert.StartsWith("<|im_start|>user\nfind a sofa<|im_end|>", p.History, StringComparison.Ordinal));
        Assert.Equal(2, Assert.Single(await _server.Queries.AllAsync<PreferencesTrained>(learned, default)).Result.Updates);

        static string Line(string chosen, string rejected) => JsonSerializer.Serialize(new
        {
            prompt = new[] { new { role = "user", content = "find a sofa" } },
            chosen = new[] { new { role = "assistant", content = chosen } },
            rejected = new[] { new { role = "assistant", content = rejected } },
        });
    }

    private static string Write()
    {
        using var packed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "tokenizer-smollm2.json.gz")), CompressionMode.Decompress);
        using var reference = JsonDocument.Parse(packed);
        using var config = JsonDocument.Parse(
            """
            {"model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 2048,
             "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true}
            """);
        var folder = ReferenceCheckpoint.Write(config.RootElement);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), reference.RootElement.GetProperty("tokenizer").GetRawText());
        File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["chat_template"] = ChatMl }.ToJsonString());
        return folder;
    }
}
