using RroDashboard.Environments;

namespace RroDashboard.Training.Sampling;

/// <summary>
/// What an environment would accept now, as a trie of token ids: the action mask of the sampler (learning.md 16.4).
/// Complete actions are paths; after an opening come free tokens, at least one, and the action's end.
/// </summary>
/// <remarks>
/// The mask is not part of the losses. It changes which actions are drawn, so what is drawn is renormalised over what is left.
/// </remarks>
public sealed class ActionTrie
{
    private readonly Node _root = new();
    private readonly Dialogue _dialogue;
    private readonly int _limit;

    private ActionTrie(Dialogue dialogue, int limit) => (_dialogue, _limit) = (dialogue, limit);

    /// <summary>Encodes what is allowed. Complete actions longer than the limit are left out: they could not be written.</summary>
    /// <exception cref="InvalidOperationException">Nothing is left.</exception>
    public static ActionTrie Build(AllowedActions allowed, Dialogue dialogue, int maxActionTokens)
    {
        ArgumentNullException.ThrowIfNull(allowed);
        ArgumentNullException.ThrowIfNull(dialogue);
        var trie = new ActionTrie(dialogue, maxActionTokens);
        foreach (var action in allowed.Complete)
        {
            var tokens = dialogue.Action(action);
            if (tokens.Length <= maxActionTokens)
            {
                trie.Add(tokens);
            }
        }

        foreach (var opening in allowed.Openings)
        {
            trie.Add(dialogue.Opening(opening)).Free = true;
        }

        return trie._root.Next.Count > 0 ? trie : throw new InvalidOperationException("The environment allows no action that fits into the token limit, and the episode is not finished.");
    }

    /// <summary>At the beginning of an action.</summary>
    public Cursor Start() => new(this);

    private Node Add(int[] tokens)
    {
        var node = _root;
        foreach (var token in tokens)
        {
            if (!node.Next.TryGetValue(token, out var next))
            {
                node.Next.Add(token, next = new Node());
            }

            node = next;
        }

        return node;
    }

    /// <summary>How far one action has come.</summary>
    public sealed class Cursor
    {
        private readonly ActionTrie _trie;
        private Node? _node;                // null after the first free token
        private int _written;
        private bool _hasWords;

        internal Cursor(ActionTrie trie) => (_trie, _node) = (trie, trie._root);

        /// <summary>Token ids that may come next, ascending; one means that nothing is to be sampled.</summary>
        public int[] Left() => _node switch
        {
            { Free: false } node => [.. node.Next.Keys],
            // The last token that fits must end the action.
            _ when _written == _trie._limit - 1 => [_trie._dialogue.ActionEnd],
            // Blanks alone are no words.
            _ => _hasWords ? _trie._dialogue.FreeOrEndIds : _trie._dialogue.FreeIds,
        };

        /// <summary>Goes on.</summary>
        public void Take(int token)
        {
            _written++;
            if (_node is { Free: false } node)
            {
                _node = node.Next[token];
            }
            else
            {
                _node = null;
                _hasWords |= !_trie._dialogue.IsBlank(token);
            }
        }
    }

    // Sorted, so that the draw does not depend on the order in which an environment lists its actions.
    private sealed class Node
    {
        public SortedDictionary<int, Node> Next { get; } = [];

        public bool Free { get; set; }
    }
}
