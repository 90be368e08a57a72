namespace SiemForwarder.Service.Storage;

/// <summary>What came of a change to a stored resource.</summary>
internal enum ChangeResult
{
    Done,
    NotFound,

    /// <summary>Somebody changed it since the caller read it.</summary>
    Stale,

    /// <summary>Another one has the name.</summary>
    NameTaken,
}
