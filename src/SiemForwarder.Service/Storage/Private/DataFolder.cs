namespace SiemForwarder.Service.Storage.Private;

/// <summary>Creates the service's private folders and files.</summary>
internal static class DataFolder
{
    public const UnixFileMode OwnFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode OwnFolder = OwnFile | UnixFileMode.UserExecute;

    // If the database runs as another user, that user must be able to traverse the folder, and nothing more.
    private const UnixFileMode Passable = OwnFolder | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Creates a folder if it does not exist; an existing one keeps its permissions.</summary>
    /// <exception cref="DatabaseStartException">The message is one sentence for the operator.</exception>
    public static void Make(string path, bool othersPass = false)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, othersPass ? Passable : OwnFolder);
            }
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw new DatabaseStartException(
                $"The data folder {path} cannot be created or written ({exception.Message}): set Forwarder__DataFolder to a folder that this user owns, "
                    + "or set ConnectionStrings__Forwarder to a PostgreSQL.");
        }
    }

    /// <summary>Options for a file that only this user can open, from the moment it is created.</summary>
    public static FileStreamOptions Own(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnFile;
        }

        return options;
    }
}
