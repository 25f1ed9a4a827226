using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace RroDashboard.Web.Tests.Hosting;

/// <summary>A line of the server's log.</summary>
/// <param name="Text">Its words, and the exception's with its stack.</param>
internal sealed record HeardLine(LogLevel Level, string Category, string Text, bool HasException);

/// <summary>Hears the server's log.</summary>
internal sealed class LogLines : ILoggerProvider
{
    public ConcurrentQueue<HeardLine> All { get; } = new();

    public IEnumerable<string> Texts => All.Select(l => l.Text);

    public ILogger CreateLogger(string categoryName) => new Line(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Line(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.All.Enqueue(new HeardLine(logLevel, category, formatter(state, exception) + exception, exception is not null));
    }
}
