import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useFormat } from '@/i18n/format';
import { Icon } from '@/kit';
import { useTasks } from '@/screens/todo/useTasks';

/** How much waits for whoever is signed in, and the way to it. */
export function TodoLink() {
  const { t } = useTranslation();
  const format = useFormat();
  const { tasks } = useTasks();
  return (
    <Link to="/todo" className="button button-quiet todo" activeProps={{ 'aria-current': 'page' }}>
      <Icon>
        <path d="M2 4l1.500 1.500L6 3M2 10.500 3.500 12 6 9.500M8.500 4.500H14M8.500 11H14" />
      </Icon>
      <span className="todo-word">{t('todo.title')}</span>
      {tasks.length > 0 && (
        <span className="todo-count">
          {format.number(tasks.length)}
          <span className="visually-hidden">{t('todo.waiting', { count: tasks.length })}</span>
        </span>
      )}
    </Link>
  );
}
