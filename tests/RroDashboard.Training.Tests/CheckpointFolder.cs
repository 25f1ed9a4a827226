using System.Text.Json;
using System.Text.Json.Nodes;
using RroDashboard.Training.Model;
using RroDashboard.Training.Tests.Model;
using RroDashboard.Training.Tests.Tokenizer.Bpe;

namespace RroDashboard.Training.Tests;

/// <summary>A whole tiny random checkpoint in a folder: weights of one family, the tokenizer trained in its shape, a chat template.</summary>
internal static class CheckpointFolder
{
    private const string ChatMl = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    public static string Write(string tokenizer = "smollm2", string? template = ChatMl, int width = 32, int layers = 2)
    {
        var json = BpeReferenceTests.Read($"tokenizer-{tokenizer}.json.gz").GetProperty("tokenizer");
        var size = 1 + Math.Max(
            json.GetProperty("model").GetProperty("vocab").EnumerateObject().Max(v => v.Value.GetInt32()),
            json.GetProperty("added_tokens").EnumerateArray().Max(a => a.GetProperty("id").GetInt32()));
        var config = JsonNode.Parse(DecoderTests.Golden("llama3").GetProperty("config").GetRawText())!.AsObject();
        config["vocab_size"] = size;
        config["hidden_size"] = width;
        config["num_hidden_layers"] = layers;
        config["max_position_embeddings"] = 2048;
        using var document = JsonDocument.Parse(config.ToJsonString());
        var folder = ReferenceCheckpoint.Write(document.RootElement);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json.GetRawText());
        if (template is not null)
        {
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), new JsonObject { ["chat_template"] = template }.ToJsonString());
        }

        return folder;
    }
}
