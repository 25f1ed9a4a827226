using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Checkpoints;

/// <summary>
/// The safetensors format: 8 bytes little-endian header length, a JSON header, raw little-endian tensors. Nothing in such a file
/// is ever executed. Only F32, which is all the policy has.
/// </summary>
public static class Safetensors
{
    private const int NumbersAtOnce = 1 << 22;

    /// <summary>Writes tensors in the given order, a part of one at a time: nothing of them is held twice, whatever their size.</summary>
    public static void Write(Stream stream, IEnumerable<(string Name, Tensor Value)> tensors)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var scope = NewDisposeScope();
        List<(string Name, Tensor Value)> all = [.. tensors];
        var header = new JsonObject();
        long offset = 0;
        foreach (var (name, value) in all)
        {
            var bytes = value.numel() * sizeof(float);
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. value.shape.Select(s => (JsonNode)s)]),
                ["data_offsets"] = new JsonArray(offset, offset + bytes),
            };
            offset += bytes;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        var padded = (json.Length + 7) / 8 * 8; // data starts on 8 bytes, as the format recommends
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)padded);
        stream.Write(length);
        stream.Write(json);
        stream.Write(Enumerable.Repeat((byte)' ', padded - json.Length).ToArray());
        foreach (var (_, value) in all)
        {
            Write(stream, value);
        }
    }

    private static void Write(Stream stream, Tensor value)
    {
        using var scope = NewDisposeScope();
        var flat = value.detach().flatten();
        for (long from = 0; from < flat.numel(); from += NumbersAtOnce)
        {
            var part = flat.narrow(0, from, Math.Min(NumbersAtOnce, flat.numel() - from)).cpu().to(ScalarType.Float32).contiguous();
            stream.Write(MemoryMarshal.AsBytes(part.data<float>().ToArray().AsSpan()));
        }
    }
}
