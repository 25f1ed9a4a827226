namespace RroDashboard.Web.Configuration;

/// <summary>The program cannot do what it was asked. The message is one sentence for the person who asked; there is no stack trace in it.</summary>
public sealed class RefusalException(string message) : Exception(message);
