using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using RroDashboard.Training.Model;
using Encoding = System.Text.Encoding;

namespace RroDashboard.Training.Tests.Model;

/// <summary>Writes the tiny random checkpoints that Reference/decoder.py makes too: a number depends on its tensor's name and its place only.</summary>
internal static class ReferenceCheckpoint
{
    /// <summary>A folder with config.json and weights.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="shards">Files that the weights are spread over.</param>
    /// <param name="type">"F32" or "BF16".</param>
    public static string Write(JsonElement config, int shards = 1, string type = "F32")
    {
        var folder = Directory.CreateTempSubdirectory("rro-checkpoint-").FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.GetRawText());
        var read = DecoderConfig.Load(Path.Combine(folder, "config.json"));
        var tensors = Decoder.Shapes(read).Select(s => (s.Key, s.Value, Values(s.Key, s.Value, read.IsGemma))).ToList();
        if (shards == 1)
        {
            File.WriteAllBytes(Path.Combine(folder, "model.safetensors"), File_(tensors, type));
            return folder;
        }

        var map = new JsonObject();
        foreach (var (i, part) in tensors.Index().GroupBy(t => t.Index % shards).Index())
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:00000}-of-{shards:00000}.safetensors");
            File.WriteAllBytes(Path.Combine(folder, name), File_([.. part.Select(p => p.Item)], type));
            foreach (var (_, tensor) in part)
            {
                map[tensor.Key] = name;
            }
        }

        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["metadata"] = new JsonObject(), ["weight_map"] = map }.ToJsonString());
        return folder;
    }

    /// <summary>The bytes of a safetensors file.</summary>
    public static byte[] File_(IReadOnlyList<(string Name, long[] Shape, float[] Values)> tensors, string type = "F32")
    {
        var header = new JsonObject();
        using var data = new MemoryStream();
        foreach (var (name, shape, values) in tensors)
        {
            var from = data.Length;
            if (type == "F32")
            {
                data.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            }
            else
            {
                data.Write(MemoryMarshal.AsBytes(values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)).ToArray().AsSpan()));
            }

            header[name] = new JsonObject { ["dtype"] = type, ["shape"] = new JsonArray([.. shape.Select(s => (JsonNode)s)]), ["data_offsets"] = new JsonArray(from, data.Length) };
        }

        return File_(header.ToJsonString(), data.ToArray());
    }

    /// <summary>The bytes of a file with any header.</summary>
    public static byte[] File_(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, json.Length);
        json.CopyTo(bytes, 8);
        data.CopyTo(bytes, 8 + json.Length);
        return bytes;
    }

    /// <summary>As decoder.weight in the script.</summary>
    public static float[] Weight(string name, long[] shape, double scale, double offset)
    {
        var hash = 0x811c9dc5u;
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            hash = unchecked((hash ^ b) * 16777619);
        }

        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
        {
            var x = unchecked(hash + ((uint)i * 2654435761u));
            x ^= x >> 16;
            x = unchecked(x * 0x85EBCA6B);
            x ^= x >> 13;
            x = unchecked(x * 0xC2B2AE35);
            x ^= x >> 16;
            values[i] = (float)((((x / 4294967296.0) - 0.5) * 2.0 * scale) + offset);
        }

        return values;
    }

    // As decoder.make in the script.
    private static float[] Values(string name, long[] shape, bool gemma) =>
        name.Contains("norm", StringComparison.Ordinal) ? Weight(name, shape, 0.3, gemma ? 0 : 1)
        : name.EndsWith("bias", StringComparison.Ordinal) ? Weight(name, shape, 0.3, 0)
        : name.Contains("embed", StringComparison.Ordinal) ? Weight(name, shape, 0.8, 0)
        : Weight(name, shape, 1.7 / Math.Sqrt(shape[1]), 0);
}
