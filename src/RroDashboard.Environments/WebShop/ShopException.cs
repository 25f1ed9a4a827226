namespace RroDashboard.Environments.WebShop;

/// <summary>
/// A step at which the original stops with an error of Python. The session is as before the step, so the caller may go on.
/// </summary>
public sealed class ShopException(string message, string originalError) : InvalidOperationException(message)
{
    /// <summary>Name of the Python exception, for example "TypeError".</summary>
    public string OriginalError { get; } = originalError;
}
