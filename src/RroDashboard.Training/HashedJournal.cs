using RroDashboard.Core.Events;

namespace RroDashboard.Training;

/// <summary>Hashes the ledger of a run on its way out; who derives from it keeps what its run needs of it.</summary>
/// <param name="inner">Where facts and samples go.</param>
internal abstract class HashedJournal(IRunJournal inner) : IRunJournal, IDisposable
{
    private readonly LedgerHash _hash = new();

    /// <summary>Of all facts so far, lower-case hex.</summary>
    public string Hash => _hash.Current;

    /// <summary>Takes in what an earlier attempt recorded, without recording it again.</summary>
    public void Keep(IEnumerable<RunFact> facts)
    {
        foreach (var fact in facts)
        {
            Take(fact);
        }
    }

    /// <inheritdoc/>
    public void Record(RunFact fact)
    {
        Take(fact);
        inner.Record(fact);
    }

    /// <inheritdoc/>
    public void Sample(RunSample sample) => inner.Sample(sample);

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    /// <summary>A fact of the ledger, recorded now or before.</summary>
    protected abstract void OnFact(RunFact fact);

    private void Take(RunFact fact)
    {
        _hash.Add(fact);
        OnFact(fact);
    }
}
