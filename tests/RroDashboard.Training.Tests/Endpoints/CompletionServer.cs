using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Training.Tests.Endpoints;

/// <summary>
/// A real small HTTP server on this machine that speaks the protocol. Its policy shops by a script with a seeded die: what it says depends on the
/// conversation and on the seed of the request alone, never on when or in which order it is asked.
/// </summary>
internal sealed class CompletionServer : IDisposable
{
    private readonly HttpListener _server = new();
    private int _count;

    public CompletionServer()
    {
        Url = _server.StartOnAFreePort().AbsoluteUri;
        _ = Task.Run(ServeAsync);
    }

    /// <summary>Address to give to a client.</summary>
    public string Url { get; }

    /// <summary>Bodies that were sent, in the order in which they came.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Tokens that it told to have read and written.</summary>
    public (long Read, long Written) Told => (Interlocked.Read(ref _read), Interlocked.Read(ref _written));

    /// <summary>What goes wrong with the n-th request, n from 1; null for nothing.</summary>
    public Func<int, Trouble?> Trouble { get; set; } = _ => null;

    /// <summary>Says log-probabilities.</summary>
    public bool LogProbs { get; set; } = true;

    /// <summary>Says token ids: of every character its code, so that a test can read them.</summary>
    public bool TokenIds { get; set; }

    private long _read, _written;

    public void Dispose() => _server.Close();

    private async Task ServeAsync()
    {
        while (_server.IsListening)
        {
            try
            {
                var context = await _server.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
        var body = await reader.ReadToEndAsync();
        Asked.Enqueue(body);
        var number = Interlocked.Increment(ref _count);
        var trouble = Trouble(number);
        await Task.Delay(trouble?.Delay ?? TimeSpan.FromMilliseconds(number % 3));
        var (status, text) = trouble is { Status: { } wrong } ? (wrong, trouble.Text) : trouble is { Text.Length: > 0 } ? (200, trouble.Text) : (200, Completion(body));
        try
        {
            context.Response.StatusCode = status;
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(text));
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // Whoever asked has gone.
        }
    }

    private string Completion(string body)
    {
        using var document = JsonDocument.Parse(body);
        var messages = document.RootElement.GetProperty("messages").EnumerateArray().Select(m => m.GetProperty("content").GetString()!).ToArray();
        var random = new SeededRandom(document.RootElement.GetProperty("seed").GetInt64(), messages.Sum(m => m.Length), messages.Length);
        var said = $"Thought: turn {messages.Length}.\nAction: {Action(messages, random)}";
        var (read, written) = (messages.Sum(m => m.Length), said.Length);
        Interlocked.Add(ref _read, read);
        Interlocked.Add(ref _written, written);
        return JsonSerializer.Serialize(new
        {
            choices = new[]
            {
                new
                {
                    message = new { role = "assistant", content = said },
                    finish_reason = "stop",
                    logprobs = LogProbs ? new { content = said.Select(c => new { token = c.ToString(), logprob = -0.01 }).ToArray() } : null,
                    token_ids = TokenIds ? said.Select(c => (int)c).ToArray() : null,
                },
            },
            prompt_token_ids = TokenIds ? string.Concat(messages).Select(c => (int)c).ToArray() : null,
            usage = new { prompt_tokens = read, completion_tokens = written },
        });
    }

    // Searches for words of the task, opens one of the rows, sets some of the wishes, and buys; now and then nonsense.
    private static string Action(string[] messages, SeededRandom random)
    {
        var wishes = messages[0][(messages[0].LastIndexOf("Task: ", StringComparison.Ordinal) + 6)..].Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        if (messages.Length == 1)
        {
            return $"search[ {string.Join(' ', wishes.Where(_ => random.Chance(0.7)).DefaultIfEmpty(wishes[0]))} ]";
        }

        var page = messages[^1];
        if (page.StartsWith("results", StringComparison.Ordinal))
        {
            return $"click[ b{1 + random.Next(5)} ]";
        }

        if (page.StartsWith("item", StringComparison.Ordinal) && wishes.Where(w => page.Contains($" {w}", StringComparison.Ordinal)).ToArray() is { Length: > 0 } there && random.Chance(0.7))
        {
            return $"click[ {random.Pick(there)} ]";
        }

        return random.Chance(0.1) ? "dance" : "click[ buy ]";
    }
}

/// <summary>What goes wrong with a request.</summary>
/// <param name="Status">Another status than 200; null for that.</param>
/// <param name="Text">Its body; empty for a real answer.</param>
/// <param name="Delay">Waited before.</param>
internal sealed record Trouble(int? Status, string Text, TimeSpan Delay);
