using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace RroDashboard.Web.Tests.Bundles;

/// <summary>Takes a good bundle apart and puts it together wrong, with a manifest that fits unless the manifest is what is wrong.</summary>
internal static class HostileBundle
{
    public static byte[] Make(string kind, byte[] good)
    {
        var files = new List<(string Name, byte[] Bytes)>();
        using (var zip = new ZipArchive(new MemoryStream(good), ZipArchiveMode.Read))
        {
            foreach (var entry in zip.Entries)
            {
                using var bytes = new MemoryStream();
                using var stream = entry.Open();
                stream.CopyTo(bytes);
                files.Add((entry.FullName, bytes.ToArray()));
            }
        }

        var manifest = JsonNode.Parse(files.Single(f => f.Name == "manifest.json").Bytes)!.AsObject();
        files.RemoveAll(f => f.Name == "manifest.json");
        byte[] Of(string name) => files.Single(f => f.Name == name).Bytes;
        void Put(string name, byte[] bytes) => files[files.FindIndex(f => f.Name == name)] = (name, bytes);
        void Rewrite(string name, Func<string, string> change) => Put(name, Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(Of(name)))));
        string First(string text, Func<string, string> change)
        {
            var end = text.IndexOf('\n', StringComparison.Ordinal);
            return change(text[..end]) + text[end..];
        }

        switch (kind)
        {
            case "no zip":
                return "<html>not a zip file</html>"u8.ToArray();
            case "cut short":
                return good[..(good.Length * 2 / 3)];
            case "empty":
                return Zip([]);
            case "slip":
                return Zip([.. Whole(), ("../../keys/evil", [1])]);
            case "absolute":
                return Zip([.. Whole(), ("/etc/passwd", [1])]);
            case "backslash":
                return Zip([.. Whole(), ("checkpoints\\..\\x", [1])]);
            case "checkpoint slip":
                return Zip([.. Whole(), ("checkpoints/../config.json", [1])]);
            case "twice":
                return Zip([.. Whole(), ("run.json", [1])]);
            case "many":
                return Zip([.. Whole(), .. Enumerable.Range(0, 400).Select(i => ($"checkpoints/c{i}/config.json", (byte[])[1]))]);
            case "bomb":
                Put("metrics.csv", new byte[100 << 20]);
                break;
            case "missing":
                files.RemoveAll(f => f.Name == "events.jsonl");
                break;
            case "unnamed":
                return Zip([.. Whole(), ("checkpoints/extra/config.json", "{}"u8.ToArray())]);
            case "changed":
                Rename(manifest);
                Rewrite("run.json", t => t + " ");
                return Zip([.. files, ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()))]);
            case "cut":
                Rename(manifest);
                Rewrite("pairs.jsonl", t => t[..^1]);
                return Zip([.. files, ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()))]);
            case "hash":
                Rename(manifest);
                Rewrite("metrics.csv", t => t.Replace("sft/loss,1,0.2", "sft/loss,1,0.3", StringComparison.Ordinal));
                return Zip([.. files, ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()))]);
            case "version":
                manifest["version"] = 2;
                break;
            case "format":
                manifest["format"] = "something";
                break;
            case "id":
                manifest["runId"] = "../up";
                break;
            case "other id":
                manifest["runId"] = "other";
                break;
            case "running":
                Rewrite("run.json", t => t.Replace("\"Finished\"", "\"Running\"", StringComparison.Ordinal));
                break;
            case "setting":
                Rewrite("config.json", t => t.Replace("\"Seed\"", "\"Seat\"", StringComparison.Ordinal));
                break;
            case "no event":
                Rewrite("events.jsonl", t => First(t, _ => "{}"));
                break;
            case "null event":
                Rewrite("events.jsonl", t => First(t, l => l.Replace("\"MiniShop\"", "null", StringComparison.Ordinal)));
                break;
            case "wrong kind":
                Rewrite("events.jsonl", t => First(t, l => l.Replace("\"kind\":\"runStarted\"", "\"kind\":\"runEnded\"", StringComparison.Ordinal)));
                break;
            case "sequence":
                Rewrite("events.jsonl", t => First(t, l => l + "\n" + l));
                break;
            case "no end":
                Rewrite("events.jsonl", t => t[..^1]);
                break;
            case "no point":
                Rewrite("metrics.csv", t => t.Replace("series,step,value\n", "series,step,value\nx,one,2\n", StringComparison.Ordinal));
                break;
            case "double step":
                Rewrite("metrics.csv", t => t.Replace("sft/loss,1,", "sft/loss,0,", StringComparison.Ordinal));
                break;
            case "other weights":
                Put("checkpoints/checkpoint-sft/model.safetensors", [6, 6, 6]);
                break;
            case "manifest":
                manifest["files"] = "none";
                return Zip([.. files, ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()))]);
            default:
                throw new ArgumentException(kind, nameof(kind));
        }

        return Zip(Whole());

        List<(string Name, byte[] Bytes)> Whole()
        {
            Rename(manifest);
            return [.. files, ("manifest.json", Encoding.UTF8.GetBytes(manifest.ToJsonString()))];
        }

        void Rename(JsonObject target) => target["files"] = new JsonArray([.. files.Select(f => (JsonNode)new JsonObject
        {
            ["name"] = f.Name,
            ["bytes"] = f.Bytes.Length,
            ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(f.Bytes)),
        })]);
    }

    private static byte[] Zip(IEnumerable<(string Name, byte[] Bytes)> files)
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, bytes) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        }

        return file.ToArray();
    }
}
