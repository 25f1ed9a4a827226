using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using RroDashboard.Training.Tokenizer.Bpe;

namespace RroDashboard.Training.Checkpoints;

/// <summary>
/// The weights of a published checkpoint: one <c>model.safetensors</c>, or several with <c>model.safetensors.index.json</c>. The files are
/// checked before a number is read, and tensors are read one by one where they lie, so that loading never holds a file in memory.
/// </summary>
/// <remarks>
/// Read by position, not mapped: a mapped file that shrinks while it is read ends the process, which nothing can catch.
/// </remarks>
public sealed class SafetensorsFolder : IDisposable
{
    /// <summary>Bytes of one file's header; the format's own limit.</summary>
    public const long HeaderBytes = 100_000_000;

    private const int MaxTensors = 1 << 17;
    private const int MaxDimensions = 8;
    private const int MaxShards = 4096;
    private const int ReadBytes = 16 << 20;
    private const string Single = "model.safetensors";
    private const string Index = "model.safetensors.index.json";

    // What PyTorch writes by itself.
    private static readonly string[] s_pickles = [".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"];

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly List<SafeFileHandle> _files = [];

    private SafetensorsFolder()
    {
    }

    /// <summary>Names of all tensors, in ordinal order.</summary>
    public IReadOnlyList<string> Names => [.. _entries.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Bytes of all tensors as they are stored.</summary>
    public long StoredBytes => _entries.Values.Sum(e => e.Bytes);

    /// <summary>Element types in the files, the most frequent first, for example "BF16".</summary>
    public IReadOnlyList<string> StoredTypes => [.. _entries.Values.GroupBy(e => e.Type, StringComparer.Ordinal).OrderByDescending(g => g.Sum(e => e.Bytes)).Select(g => g.Key)];

    /// <summary>Opens and checks the weights of a folder.</summary>
    /// <exception cref="InvalidDataException">Missing, damaged or hostile; one sentence that names the file.</exception>
    public static SafetensorsFolder Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var weights = new SafetensorsFolder();
        try
        {
            var index = Path.Combine(folder, Index);
            if (File.Exists(index))
            {
                weights.AddShards(folder, index);
            }
            else if (File.Exists(Path.Combine(folder, Single)))
            {
                weights.Add(Path.Combine(folder, Single));
            }
            else
            {
                throw new InvalidDataException(Pickle(folder) ?? $"'{folder}' has neither {Single} nor {Index}.");
            }

            return weights;
        }
        catch (Exception e)
        {
            weights.Dispose();
            if (e is IOException or UnauthorizedAccessException)
            {
                throw new InvalidDataException($"The weights in '{folder}' cannot be read: {e.Message}", e);
            }

            throw;
        }
    }

    // Why not, when what lies there in place of the weights is a pickle.
    private static string? Pickle(string folder) => Directory.Exists(folder)
        && Directory.EnumerateFiles(folder).Where(f => s_pickles.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase)).Order(StringComparer.Ordinal).FirstOrDefault() is { } pickle
            ? $"'{pickle}' is a Python pickle, which runs code when it is read: only safetensors are loaded, so convert it, for example with save_pretrained(safe_serialization=True)."
            : null;

    /// <summary>Opens and checks one file.</summary>
    /// <exception cref="InvalidDataException">Missing, damaged or hostile; one sentence that names it.</exception>
    public static SafetensorsFolder OpenFile(string path)
    {
        var weights = new SafetensorsFolder();
        try
        {
            if (!File.Exists(path))
            {
                throw new InvalidDataException(Pickle(Path.GetDirectoryName(path) ?? "") ?? $"'{path}' does not exist.");
            }

            weights.Add(path);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>There is a tensor of this name.</summary>
    public bool Contains(string name) => _entries.ContainsKey(name);

    /// <summary>Shape of a tensor.</summary>
    public long[] Shape(string name) => _entries[name].Shape;

    /// <summary>Element type of a tensor in the file, for example "BF16".</summary>
    public string StoredType(string name) => _entries[name].Type;

    /// <summary>The numbers of a tensor.</summary>
    /// <exception cref="InvalidDataException">One is not finite, or the file has become shorter.</exception>
    public float[] Read(string name)
    {
        var entry = _entries[name];
        var values = new float[entry.Bytes / entry.Size];
        var buffer = new byte[(int)Math.Min(ReadBytes, entry.Bytes)];
        var (offset, done) = (entry.From, 0);
        while (done < values.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, entry.From + entry.Bytes - offset));
            for (var filled = 0; filled < part.Length;)
            {
                var read = RandomAccess.Read(entry.File, part[filled..], offset + filled);
                filled += read > 0 ? read : throw new InvalidDataException($"The file of tensor '{name}' has become shorter while it was read.");
            }

            var target = values.AsSpan(done, part.Length / entry.Size);
            Convert(entry.Type, part, target);
            foreach (var value in target)
            {
                if (!float.IsFinite(value))
                {
                    throw new InvalidDataException($"Tensor '{name}' holds {value}: weights must be finite numbers.");
                }
            }

            offset += part.Length;
            done += target.Length;
        }

        return values;
    }

    /// <inheritdoc/>
    public void Dispose() => _files.ForEach(f => f.Dispose());

    private static void Convert(string type, ReadOnlySpan<byte> bytes, Span<float> target)
    {
        switch (type)
        {
            case "F32":
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(target);
                break;
            case "F16":
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (var i = 0; i < target.Length; i++)
                {
                    target[i] = (float)halves[i];
                }

                break;
            default:
                // BF16 is the upper half of a float.
                var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < target.Length; i++)
                {
                    target[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                }

                break;
        }
    }

    private void AddShards(string folder, string index)
    {
        var (document, root) = JsonPart.Open(index, HeaderBytes);
        using (document)
        {
            var map = new Dictionary<string, string>(StringComparer.Ordinal);
            var part = root.Member("weight_map").Object();
            foreach (var entry in part.Members())
            {
                var file = new JsonPart(entry.Value, part.Path + "." + entry.Name).Text();
                if (file.Length == 0 || file != Path.GetFileName(file) || file is "." or ".." || !file.EndsWith(".safetensors", StringComparison.Ordinal))
                {
                    throw new InvalidDataException($"'{index}' places the tensor '{entry.Name}' in '{file}', which is not the name of a .safetensors file beside it.");
                }

                if (!map.TryAdd(entry.Name, file) || map.Count > MaxTensors)
                {
                    throw new InvalidDataException($"'{index}' names the tensor '{entry.Name}' twice, or has more than {MaxTensors} tensors.");
                }
            }

            var files = map.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            if (files.Count > MaxShards)
            {
                throw new InvalidDataException($"'{index}' names {files.Count} files; at most {MaxShards} are allowed.");
            }

            foreach (var file in files)
            {
                var path = Path.Combine(folder, file);
                if (!File.Exists(path))
                {
                    throw new InvalidDataException($"'{index}' names '{file}', which is missing.");
                }

                var before = _entries.Keys.ToHashSet(StringComparer.Ordinal);
                Add(path);
                foreach (var name in _entries.Keys.Where(n => !before.Contains(n)))
                {
                    if (!map.TryGetValue(name, out var where) || where != file)
                    {
                        throw new InvalidDataException($"'{path}' has the tensor '{name}', which the index does not place there.");
                    }
                }
            }

            if (map.Keys.FirstOrDefault(n => !_entries.ContainsKey(n)) is { } missing)
            {
                throw new InvalidDataException($"'{Path.Combine(folder, map[missing])}' lacks the tensor '{missing}' that the index places there.");
            }
        }
    }

    private void Add(string path)
    {
        var file = File.OpenHandle(path);
        _files.Add(file);
        var length = RandomAccess.GetLength(file);
        Span<byte> prefix = stackalloc byte[8];
        if (length < prefix.Length || RandomAccess.Read(file, prefix, 0) < prefix.Length)
        {
            throw new InvalidDataException($"'{path}' is no safetensors file: it has {length} bytes.");
        }

        var size = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (size is 0 or > (ulong)HeaderBytes)
        {
            throw new InvalidDataException($"'{path}' is no safetensors file: it claims a header of {size} bytes; at most {HeaderBytes} are allowed.");
        }

        if ((long)size > length - prefix.Length)
        {
            throw new InvalidDataException($"'{path}' is cut short: its header has {size} bytes, the file {length}.");
        }

        var json = new byte[size];
        for (var filled = 0; filled < json.Length;)
        {
            var read = RandomAccess.Read(file, json.AsSpan(filled), prefix.Length + filled);
            filled += read > 0 ? read : throw new InvalidDataException($"'{path}' has become shorter while it was read.");
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = MaxDimensions });
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}' is no safetensors file: its header is not JSON ({e.Message}).", e);
        }

        using (document)
        {
            var start = prefix.Length + (long)size;
            var own = new List<(string Name, Entry Entry)>();
            foreach (var member in new JsonPart(document.RootElement, Path.GetFileName(path)).Members())
            {
                if (member.Name == "__metadata__")
                {
                    continue;
                }

                var entry = Read(member.Name, new JsonPart(member.Value, $"'{path}': tensor '{member.Name}'"), file, start, length);
                if (!_entries.TryAdd(member.Name, entry))
                {
                    throw new InvalidDataException($"'{path}' has the tensor '{member.Name}' for the second time.");
                }

                if (_entries.Count > MaxTensors)
                {
                    throw new InvalidDataException($"'{path}' has more than {MaxTensors} tensors.");
                }

                own.Add((member.Name, entry));
            }

            CheckLayout(path, own, start, length);
        }
    }

    private static Entry Read(string name, JsonPart part, SafeFileHandle file, long start, long length)
    {
        var type = part.Member("dtype").Text();
        var size = type switch
        {
            "F32" => 4,
            "F16" or "BF16" => 2,
            _ => throw part.Wrong($"has the type {(type.Length > 20 ? type[..20] : type)}; F32, F16 and BF16 can be read"),
        };
        var shape = part.Member("shape").Items(MaxDimensions).Select(d => (long)d.Int(0, int.MaxValue)).ToArray();
        var offsets = part.Member("data_offsets").Items(2).Select(o => o.Element.ValueKind == JsonValueKind.Number && o.Element.TryGetInt64(out var at) && at >= 0 ? at : throw o.Wrong("must be a number of bytes")).ToArray();
        if (offsets.Length != 2 || offsets[0] > offsets[1] || offsets[1] > length - start)
        {
            throw part.Wrong(FormattableString.Invariant($"lies at {string.Join(" to ", offsets)}, but the file has {length - start} bytes of data"));
        }

        Int128 needed = size;
        foreach (var dimension in shape)
        {
            needed *= dimension;
            if (needed > long.MaxValue)
            {
                throw part.Wrong($"has the shape [{string.Join(", ", shape)}], which no file can hold");
            }
        }

        var bytes = offsets[1] - offsets[0];
        if (needed != bytes)
        {
            throw part.Wrong($"has {bytes} bytes, but its shape [{string.Join(", ", shape)}] of {type} needs {needed}");
        }

        return bytes / size <= Array.MaxLength ? new Entry(name, type, size, shape, file, start + offsets[0], bytes) : throw part.Wrong("is larger than an array can be");
    }

    // The format allows neither overlaps nor holes, so a file cannot claim more than it has.
    private static void CheckLayout(string path, List<(string Name, Entry Entry)> own, long start, long length)
    {
        var (at, before) = (start, "the header");
        foreach (var (name, entry) in own.OrderBy(o => o.Entry.From).ThenBy(o => o.Entry.Bytes))
        {
            if (entry.From != at)
            {
                throw new InvalidDataException($"'{path}' is damaged: between {before} and tensor '{name}' there is {(entry.From < at ? "an overlap" : "a hole")} of {Math.Abs(entry.From - at)} bytes.");
            }

            (at, before) = (entry.From + entry.Bytes, $"tensor '{name}'");
        }

        if (at != length)
        {
            throw new InvalidDataException($"'{path}' is damaged: {length - at} bytes after its last tensor belong to nothing.");
        }
    }

    private sealed record Entry(string Name, string Type, int Size, long[] Shape, SafeFileHandle File, long From, long Bytes);
}
