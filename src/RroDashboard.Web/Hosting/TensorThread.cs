namespace RroDashboard.Web.Hosting;

/// <summary>Work on tensors beside a training run: their dispose scopes belong to a thread, so it has one of its own from the beginning to the end.</summary>
internal static class TensorThread
{
    /// <summary>Does the work; what it throws is thrown to whoever waits.</summary>
    public static Task<T> RunAsync<T>(string name, Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        })
        { IsBackground = true, Name = name };
        thread.Start();
        return done.Task;
    }
}
